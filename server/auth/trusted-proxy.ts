import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'

export interface TrustedProxySettings {
  /** Addresses and networks of the proxies, like `10.0.0.0/8`. */
  peers: readonly string[]
  /** Lower case. */
  userHeader: string
  groupsHeader?: string | undefined
  /** What the proxy sends as `x-chiave-proxy-secret`; left out, the address alone is believed. */
  secret?: string | undefined
}

/** Whom a trusted proxy says that a request is from. */
export interface ProxyClaim {
  user: string
  groups: string[]
}

export interface TrustedProxy {
  readonly enabled: boolean
  /** Takes the proxy's headers off a request, whoever sent them, and remembers those that count. Before all else. */
  receive(request: IncomingMessage): void
  claimOf(request: IncomingMessage): ProxyClaim | undefined
  /** The address of who is behind the trusted proxies, otherwise the peer's. */
  addressOf(request: IncomingMessage): string
}

export const proxySecretHeader = 'x-chiave-proxy-secret'
const maxNameLength = 256

/** Believes certain peers who their requests are from, and nobody else. */
export function createTrustedProxy(settings: TrustedProxySettings | undefined): TrustedProxy {
  const known = new WeakMap<IncomingMessage, { claim: ProxyClaim | undefined; address: string }>()
  const peers = new BlockList()
  for (const peer of settings?.peers ?? []) addPeer(peers, peer)

  function isTrusted({ socket, headers }: IncomingMessage, { secret }: TrustedProxySettings): boolean {
    const address = plainAddress(socket.remoteAddress)
    if (!isIP(address) || !peers.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return false
    return secret === undefined || sameSecret(headers[proxySecretHeader], secret)
  }

  return {
    enabled: settings !== undefined,
    receive(request) {
      if (!settings || known.has(request)) return
      const { userHeader, groupsHeader } = settings
      const trusted = isTrusted(request, settings)
      const claim = trusted ? readClaim(request, settings) : undefined
      const address = trusted ? forwardedFor(request) : plainAddress(request.socket.remoteAddress)
      for (const name of [userHeader, groupsHeader, proxySecretHeader]) {
        if (name !== undefined) delete request.headers[name]
      }
      known.set(request, { claim, address })
    },
    claimOf: (request) => known.get(request)?.claim,
    addressOf: (request) => known.get(request)?.address ?? plainAddress(request.socket.remoteAddress),
  }
}

const plainAddress = (address = '') => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** Throws a TypeError or RangeError when the peer is neither an address nor a network. */
function addPeer(peers: BlockList, peer: string): void {
  const [address = '', prefix] = peer.split('/', 2)
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (prefix === undefined) peers.addAddress(address, family)
  else peers.addSubnet(address, Number(prefix), family)
}

function readClaim(
  request: IncomingMessage,
  { userHeader, groupsHeader }: TrustedProxySettings,
): ProxyClaim | undefined {
  // Twice would mean that one of them came from outside.
  if (countOf(request, userHeader) !== 1) return undefined
  const user = decoded(request.headers[userHeader])
  if (user === '' || user.length > maxNameLength || isUnprintable(user)) return undefined
  if (groupsHeader !== undefined && countOf(request, groupsHeader) > 1) return undefined
  const groups = groupsHeader === undefined ? [] : decoded(request.headers[groupsHeader]).split(',')
  return { user, groups: groups.map((group) => group.trim()).filter((group) => group !== '' && !isUnprintable(group)) }
}

/** Names are at the even places of the raw headers. */
function countOf({ rawHeaders }: IncomingMessage, wanted: string): number {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === wanted).length
}

/** Node reads headers as Latin-1; proxies write UTF-8. */
function decoded(value: string | string[] | undefined): string {
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString('utf8').trim() : ''
}

const isUnprintable = (text: string) => /[\p{Cc}\p{Cf}\u2028\u2029\uFFFD]/u.test(text)

/** What the proxy itself saw is the last one; whatever is before it, anyone may have written. */
function forwardedFor({ headers, socket }: IncomingMessage): string {
  const last = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return last && isIP(last) ? last : plainAddress(socket.remoteAddress)
}

function sameSecret(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
