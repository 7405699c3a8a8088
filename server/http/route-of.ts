import type { IncomingMessage } from 'node:http'
import { isReading } from '@/server/auth/same-origin'
import { isKnownHost } from './host-check'
import type { Route } from './metrics'

/** Next's build output and the files of public/: the same for everyone, needed before sign-in. */
const publicAssets = /^\/(_next\/static\/.+|assets\/.+|[\w-]+\.(ico|svg|png|txt|webmanifest|woff2))$/
const developmentAssets = /^\/(_next\/|__nextjs)/

/** Who answers below which path; whatever is not here is a page or an asset. */
const owners: readonly (readonly [string, Route])[] = [
  ['/auth', 'auth'],
  ['/k8s', 'api'],
  ['/audit', 'api'],
  ['/live', 'stream'],
  ['/consoles', 'stream'],
]

export interface RouteRules {
  /** Names to answer to besides localhost and addresses. */
  knownHosts: ReadonlySet<string>
  /** Next's development server has assets of its own. */
  development: boolean
}

/** Which kind of thing a request asks for, by its path (without query). */
export function routeOf(request: IncomingMessage, path: string, { knownHosts, development }: RouteRules): Route {
  // An absolute address in the request line would be read differently by what comes after us.
  if (!path.startsWith('/') || path.startsWith('//') || !isKnownHost(request, knownHosts)) return 'refused'
  if (path === '/healthz' || path === '/readyz') return 'health'
  if (path === '/metrics') return 'metrics'
  if (isConnectionsCall(request, path)) return 'api'
  const owner = owners.find(([root]) => isBelow(path, root))
  if (owner) return owner[1]
  return publicAssets.test(path) || (development && developmentAssets.test(path)) ? 'asset' : 'page'
}

/** The page of the connections has the address of their list: a browser that opens it asks for a page. */
function isConnectionsCall(request: IncomingMessage, path: string): boolean {
  if (!isBelow(path, '/connections')) return false
  const wantsPage = /text\/html/.test(request.headers.accept ?? '') || isComponentRequest(request)
  return path !== '/connections' || !isReading(request) || !wantsPage
}

export const isBelow = (path: string, root: string) => path === root || path.startsWith(`${root}/`)

/** Next's client fetches parts of pages this way; a redirect would make it leave the page it is on. */
export function isComponentRequest({ headers }: IncomingMessage): boolean {
  return headers['rsc'] !== undefined
}
