/** What an address of the API is about (Kubernetes API concepts, "Resource URIs"). */
export interface ResourcePath {
  /** '' for the core group. */
  group: string
  version: string
  namespace: string | undefined
  resource: string
  name: string | undefined
  /** What follows the name, segment by segment: `['portforward', '22', 'tcp']`. */
  subresource: readonly string[]
}

const namespaceSubresources = new Set(['status', 'finalize'])

/** Reads the segments of a path, decoded and without empty ones; undefined for what is no resource's. */
export function readResourcePath([root, ...segments]: readonly string[]): ResourcePath | undefined {
  if (root !== 'api' && root !== 'apis') return undefined
  const [group = '', version, ...rest] = root === 'api' ? ['', ...segments] : segments
  // `/namespaces/<name>` is the namespace itself, with two subresources; what is in it comes after.
  const within = rest[0] === 'namespaces' && rest.length > 2 && !namespaceSubresources.has(rest[2] ?? '')
  const [resource, name, ...subresource] = within ? rest.slice(2) : rest
  if (version === undefined || resource === undefined) return undefined
  return { group, version, namespace: within ? rest[1] : undefined, resource, name, subresource }
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' }

/** The verb of a change as RBAC calls it; `named`: its address names one object. Other methods are called as they are. */
export function changeVerb(method: string, named: boolean): string {
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection'
  return verbs[method] ?? method.toLowerCase()
}
