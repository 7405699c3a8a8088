import type { AuditObject } from '@/contract/audit'

/**
 * The object, collection or subresource that a path of the API is about (Kubernetes API concepts, "Resource URIs");
 * undefined for other paths. KubeVirt's actions, which have a group of their own, are told of the object they act on.
 */
export function parseApiObject(path: string): AuditObject | undefined {
  const parts = (path.split('?', 1)[0] ?? '')
    .split('/')
    .filter((part) => part !== '')
    .map(decode)
  const root = parts.shift()
  let group = ''
  if (root === 'apis') group = parts.shift() ?? ''
  else if (root !== 'api') return undefined
  const version = parts.shift()
  if (version === undefined) return undefined
  let namespace: string | undefined
  // `/namespaces/<name>` is the namespace itself; what is in it comes after.
  if (parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '')) {
    namespace = parts[1]
    parts.splice(0, 2)
  }
  const [resource, name, ...rest] = parts
  if (resource === undefined) return undefined
  return {
    group: group === 'subresources.kubevirt.io' ? 'kubevirt.io' : group,
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    // What follows a proxy or portforward subresource may be an address with secrets in it.
    ...(rest[0] === undefined ? {} : { subresource: rest[0] }),
  }
}

const namespaceSubresources = new Set(['status', 'finalize'])

/** The verb of a change as RBAC calls it. */
export function verbOf(method: string, upgrade: boolean, object: AuditObject | undefined): string {
  if (upgrade) return 'connect'
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return object && object.name === undefined ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
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
