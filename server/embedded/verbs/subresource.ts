import type { Target } from '../registry/served-resource'

export type WritableSubresource = '' | 'status' | 'finalize' | 'approval'

/** The stored subresource that a path names; undefined when the kind has none of that name. */
export function writableSubresource({ resource, version }: Target, name: string): WritableSubresource | undefined {
  if (name === '') return ''
  if (name === 'status') return version.statusSubresource ? 'status' : undefined
  if (name === 'finalize') return resource.group === '' && resource.plural === 'namespaces' ? 'finalize' : undefined
  if (name === 'approval') return resource.plural === 'certificatesigningrequests' ? 'approval' : undefined
  return undefined
}
