import type { AuditObject } from '@/contract/audit'
import { changeVerb, readResourcePath } from '@/contract/resource-path'

/**
 * The object, collection or subresource that a path of the API is about (Kubernetes API concepts, "Resource URIs");
 * undefined for other paths. KubeVirt's actions, which have a group of their own, are told of the object they act on.
 */
export function parseApiObject(path: string): AuditObject | undefined {
  const parts = (path.split('?', 1)[0] ?? '')
    .split('/')
    .filter((part) => part !== '')
    .map(decode)
  const found = readResourcePath(parts)
  if (!found) return undefined
  const { group, resource, namespace, name, subresource } = found
  return {
    group: group === 'subresources.kubevirt.io' ? 'kubevirt.io' : group,
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    // What follows a proxy or portforward subresource may be an address with secrets in it.
    ...(subresource[0] === undefined ? {} : { subresource: subresource[0] }),
  }
}

/** The verb of a change as RBAC calls it. */
export function verbOf(method: string, upgrade: boolean, object: AuditObject | undefined): string {
  return upgrade ? 'connect' : changeVerb(method, object === undefined || object.name !== undefined)
}

/** Questions that are asked by writing and leave nothing behind. */
const reviews = new Set([
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
  'subjectaccessreviews',
  'localsubjectaccessreviews',
  'tokenreviews',
])

/** Whether a call leaves everything as it was, whatever its method says. */
export function changesNothing(path: string, object: AuditObject | undefined): boolean {
  if (/[?&]dryRun=All(&|$)/.test(path)) return true
  const { group, resource = '', subresource } = object ?? {}
  if (group === 'authorization.k8s.io' || group === 'authentication.k8s.io') return reviews.has(resource)
  return group === 'kubevirt.io' && (subresource === 'expand-spec' || resource === 'expand-vm-spec')
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) return part
    throw error
  }
}
