import { changeVerb, readResourcePath } from '@/contract/resource-path'
import { badRequest } from '../errors/status-error'

/** What a request is about, read from its method and path alone (Kubernetes API concepts, "Resource URIs"). */
export type RequestInfo = ResourceRequestInfo | { type: 'path'; path: string; verb: string }

export interface ResourceRequestInfo {
  type: 'resource'
  /** get, list, watch, create, update, patch, delete or deletecollection. */
  verb: string
  group: string
  version: string
  resource: string
  /** May hold further slashes, as in `portforward/22/tcp`. */
  subresource: string
  /** '' where the path names none. */
  namespace: string
  name: string
}

/** The target of a request line. Throws 400 for what is no address. */
export function readUrl(target: string | undefined): URL {
  const address = target?.startsWith('/') ? `http://localhost${target}` : (target ?? '')
  try {
    return new URL(address)
  } catch (error) {
    if (error instanceof TypeError) throw badRequest('the path is not valid')
    throw error
  }
}

/** Throws a URIError for a path that is no valid percent-encoding. */
export function readRequestInfo(method: string, url: URL): RequestInfo {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  const found = readResourcePath(parts)
  if (!found) return { type: 'path', path: url.pathname, verb: method.toLowerCase() }
  const { group, version, namespace = '', resource, name = '', subresource } = found
  return {
    type: 'resource',
    verb: verbOf(method, name, url.searchParams),
    group,
    version,
    resource,
    subresource: subresource.join('/'),
    // A namespace is an object in itself, too.
    namespace: resource === 'namespaces' && group === '' ? name : namespace,
    name,
  }
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method !== 'GET' && method !== 'HEAD') return changeVerb(method, name !== '')
  if (name !== '') return 'get'
  return isTrue(query.get('watch')) ? 'watch' : 'list'
}

/** How Kubernetes reads a boolean in a query: there and not `false` or `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}
