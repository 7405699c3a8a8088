import { isIPv6 } from 'node:net'

export interface AttemptLimit {
  /** Counts one attempt of this peer; false when it had too many within the last minute. */
  allow(address: string | undefined): boolean
}

const windowMs = 60_000
const maxPeers = 10_000

/** At most `perMinute` attempts per peer, an IPv6 peer being its /64 network. */
export function createAttemptLimit(perMinute: number, clock: () => number = Date.now): AttemptLimit {
  const peers = new Map<string, { since: number; count: number }>()

  return {
    allow(address) {
      const now = clock()
      const peer = peerOf(address)
      const known = peers.get(peer)
      if (known && now - known.since < windowMs) {
        known.count += 1
        return known.count <= perMinute
      }
      // Insertion order is the order of the windows, so the first are the oldest.
      peers.delete(peer)
      for (const [other, { since }] of peers) {
        if (now - since < windowMs && peers.size < maxPeers) break
        peers.delete(other)
      }
      peers.set(peer, { since: now, count: 1 })
      return true
    },
  }
}

/** How peers are counted: an address, an IPv6 peer being its /64 network. */
export function peerOf(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIPv6(plain) ? networkOf(plain) : plain
}

/** The first four groups of an IPv6 address. */
function networkOf(address: string): string {
  const [left = '', right = ''] = address.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === '' ? [] : right.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
