import type { SubresourceHandler } from '../subresource-handler'

export interface VirtualResource {
  name: string
  singularName: string
  namespaced: boolean
  kind: string
  verbs: readonly string[]
  group?: string
  version?: string
}

/** A group whose resources are calls: nothing of them is stored. */
export interface VirtualGroup {
  name: string
  versions: readonly string[]
  resources: readonly VirtualResource[]
}

export const subresourceGroup = 'subresources.kubevirt.io'
export const subresourceVersions = ['v1', 'v1alpha3'] as const

/** Kinds that one creates to ask something. */
const reviewGroups: readonly VirtualGroup[] = [
  {
    name: 'authentication.k8s.io',
    versions: ['v1'],
    resources: [review('selfsubjectreviews', 'SelfSubjectReview', false), review('tokenreviews', 'TokenReview', false)],
  },
  {
    name: 'authorization.k8s.io',
    versions: ['v1'],
    resources: [
      review('localsubjectaccessreviews', 'LocalSubjectAccessReview', true),
      review('selfsubjectaccessreviews', 'SelfSubjectAccessReview', false),
      review('selfsubjectrulesreviews', 'SelfSubjectRulesReview', false),
      review('subjectaccessreviews', 'SubjectAccessReview', false),
    ],
  },
]

function review(name: string, kind: string, namespaced: boolean): VirtualResource {
  return { name, singularName: kind.toLowerCase(), namespaced, kind, verbs: ['create'] }
}

/** All groups of calls, the machines' subresources as the handlers offer them. */
export function virtualGroups(handlers: readonly SubresourceHandler[]): VirtualGroup[] {
  const resources = handlers.map(
    ({ resource, subresource, method }): VirtualResource => ({
      name: subresource === '' ? resource : `${resource}/${subresource}`,
      singularName: '',
      namespaced: true,
      kind: resource === 'virtualmachines' ? 'VirtualMachine' : 'VirtualMachineInstance',
      verbs: [method === 'GET' ? 'get' : 'update'],
      group: 'kubevirt.io',
      version: 'v1',
    }),
  )
  resources.push({ name: 'version', singularName: '', namespaced: false, kind: '', verbs: ['get'] })
  return [...reviewGroups, { name: subresourceGroup, versions: [...subresourceVersions], resources }]
}
