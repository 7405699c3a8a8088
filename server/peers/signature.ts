import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** The header with which a replica proves that it, and not a client, passes a request on. */
export const peerHeader = 'x-chiave-peer'

export interface SignedCall {
  method: string
  /** With query, as on the wire. */
  url: string
  /** Boot id of the replica that is asked. */
  to: string
  /** The client's address as the first replica saw it. */
  clientAddress: string
}

/** How far clocks of replicas may be apart, and how long a signature can be used. Milliseconds. */
const toleranceMs = 60_000
/** Beyond this many the oldest are forgotten; far more than replicas ever pass on in the time that signatures last. */
const maxNonces = 50_000

/** The value of the header: time, nonce, client's address, and an HMAC-SHA-256 over these, method, path and receiver. */
export function signCall(call: SignedCall, key: Buffer, now: number): string {
  const nonce = randomBytes(16).toString('base64url')
  const address = Buffer.from(call.clientAddress).toString('base64url')
  const proof = macOf(call, { key, time: String(now), nonce }).toString('base64url')
  return `v1.${now}.${nonce}.${address}.${proof}`
}

export interface CallVerifier {
  /**
   * The client's address when the header proves that a replica of ours sends this very request to this one, now and for
   * the first time; otherwise undefined.
   */
  verify(header: string, call: Omit<SignedCall, 'clientAddress'>, key: Buffer): string | undefined
}

/** Remembers what it has accepted, so that nothing is accepted twice. `now`: milliseconds since the epoch. */
export function createCallVerifier(now: () => number): CallVerifier {
  const seen = new Map<string, number>()

  function isNew(nonce: string, at: number): boolean {
    for (const [old, until] of seen) {
      if (until > at && seen.size < maxNonces) break
      seen.delete(old)
    }
    if (seen.has(nonce)) return false
    seen.set(nonce, at + 2 * toleranceMs)
    return true
  }

  return {
    verify(header, call, key) {
      const match = /^v1\.(\d{1,16})\.([\w-]{22})\.([\w-]{0,80})\.([\w-]{43})$/.exec(header)
      if (!match) return undefined
      const [, time = '', nonce = '', address = '', proof = ''] = match
      const clientAddress = Buffer.from(address, 'base64url').toString()
      const expected = macOf({ ...call, clientAddress }, { key, time, nonce })
      const given = Buffer.from(proof, 'base64url')
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      const at = now()
      if (Math.abs(at - Number(time)) > toleranceMs || !isNew(nonce, at)) return undefined
      return clientAddress
    },
  }
}

function macOf(
  { method, url, to, clientAddress }: SignedCall,
  { key, time, nonce }: { key: Buffer; time: string; nonce: string },
): Buffer {
  // A list in JSON has one reading: no part can reach into the next.
  const text = JSON.stringify(['chiave-peer-v1', method, url, to, clientAddress, time, nonce])
  return createHmac('sha256', key).update(text).digest()
}
