import type { IncomingMessage } from 'node:http'

export interface OriginPolicy {
  /** Whether this server itself speaks TLS. */
  secure: boolean
  /** Names under which a TLS-terminating proxy may publish this server, lower case, without port. */
  publicHosts: ReadonlySet<string>
}

/**
 * What the Origin header says about who made the page that sends a request: our own origin, another one (opaque `null`
 * included), or nothing. Ports count: another program on the same host is another origin.
 */
export function compareOrigin(request: IncomingMessage, policy: OriginPolicy): 'same' | 'other' | 'absent' {
  const { origin, host } = request.headers
  if (origin === undefined) return 'absent'
  if (host === undefined || !URL.canParse(origin)) return 'other'
  const schemes = policy.secure ? ['https'] : ['http']
  if (!policy.secure && policy.publicHosts.has(hostNameOf(host))) schemes.push('https')
  const given = new URL(origin).origin
  return schemes.some((scheme) => originOf(scheme, host) === given) ? 'same' : 'other'
}

function originOf(scheme: string, host: string): string | undefined {
  const url = `${scheme}://${host}`
  return URL.canParse(url) ? new URL(url).origin : undefined
}

/** The host without its port, lower case, IPv6 without brackets, no trailing dot. */
export function hostNameOf(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host)
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '')
}

/**
 * Whether a request that carries a cookie may be answered as far as its sender goes. Reading is allowed to our pages and
 * the address bar; changing things to our pages alone. Programs that are no browsers send neither header.
 */
export function isFromOurPages(request: IncomingMessage, policy: OriginPolicy): boolean {
  if (compareOrigin(request, policy) === 'other') return false
  const site = request.headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return true
  return site === 'none' && isReading(request)
}

export function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}
