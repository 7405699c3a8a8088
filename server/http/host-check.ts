import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostNameOf } from '@/server/auth/same-origin'
import { buildStatus } from '@/server/proxy/status-response'

/**
 * Whether the Host header names this server. A page of another origin can make its own domain point here (DNS rebinding)
 * and would then be our "same origin"; it cannot make the browser send a name we know. Addresses and localhost name
 * nobody else. Two Host headers, or none, name nobody.
 */
export function isKnownHost(request: IncomingMessage, knownHosts: ReadonlySet<string>): boolean {
  const { host } = request.headers
  if (host === undefined || request.rawHeaders.filter(isHostHeader).length !== 1) return false
  const name = hostNameOf(host)
  return name === 'localhost' || isIP(name) !== 0 || knownHosts.has(name)
}

/** Names are at the even places of the raw headers. */
function isHostHeader(value: string, index: number): boolean {
  return index % 2 === 0 && value.toLowerCase() === 'host'
}

/** The names a server answers to besides localhost and addresses, lower case, without ports. */
export function knownHostNames(names: readonly string[]): Set<string> {
  return new Set(names.map(hostNameOf).filter((name) => name !== ''))
}

/** What a request for another name is told. */
export const unknownHost = () =>
  buildStatus(421, 'This server is not known by that name. Open it by its address or a name given with --public-host.')
