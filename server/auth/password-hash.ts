import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import pLimit from 'p-limit'

export interface PasswordHasher {
  /** `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, both base64url. Rejects with TooBusy. */
  hash(password: string): Promise<string>
  /** Takes as long without a hash as with one, so that nobody learns which names exist. Rejects with TooBusy. */
  verify(password: string, hash: string | undefined): Promise<boolean>
  /** Whether the hash was made with less than is used now. */
  isWeak(hash: string): boolean
}

/** More passwords wait to be checked than can be in reasonable time. */
export class TooBusy extends Error {}

interface Cost {
  logN: number
  r: number
  p: number
}

/** 128 MiB and some tenths of a second each (RFC 7914; OWASP's first choice for scrypt). */
const standard: Cost = { logN: 17, r: 8, p: 1 }
const lengths = { salt: 16, hash: 32 }
const queue = { running: 2, waiting: 30 }
/** Of a hash that someone put there, as much is believed. */
const strongest = { logN: 20, r: 16, p: 4 }

/** Passwords by scrypt, a few at a time. `logN` below 17 is for tests. */
export function createPasswordHasher({ logN = standard.logN }: { logN?: number } = {}): PasswordHasher {
  const cost: Cost = { ...standard, logN }
  const limit = pLimit(queue.running)
  const unknown = { cost, salt: randomBytes(lengths.salt), hash: randomBytes(lengths.hash) }

  function derive(password: string, salt: Buffer, { logN: log, r, p }: Cost): Promise<Buffer> {
    if (limit.pendingCount >= queue.waiting) return Promise.reject(new TooBusy())
    const settings = { N: 2 ** log, r, p, maxmem: 128 * 2 ** log * r * 2 }
    return limit(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          scrypt(password.normalize('NFC'), salt, lengths.hash, settings, (error, key) =>
            error ? reject(error) : resolve(key),
          )
        }),
    )
  }

  return {
    async hash(password) {
      const salt = randomBytes(lengths.salt)
      const key = await derive(password, salt, cost)
      return ['scrypt', cost.logN, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
    },
    async verify(password, stored) {
      const known = stored === undefined ? undefined : parse(stored)
      const { cost: used, salt, hash } = known ?? unknown
      const key = await derive(password, salt, used)
      return timingSafeEqual(key, hash) && known !== undefined
    },
    isWeak(stored) {
      const known = parse(stored)
      return known === undefined || known.cost.logN < cost.logN
    },
  }
}

function parse(stored: string): { cost: Cost; salt: Buffer; hash: Buffer } | undefined {
  const match = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d)\$([\w-]+)\$([\w-]+)$/.exec(stored)
  if (!match) return undefined
  const cost = { logN: Number(match[1]), r: Number(match[2]), p: Number(match[3]) }
  const hash = Buffer.from(match[5] ?? '', 'base64url')
  const bounded = cost.logN <= strongest.logN && cost.r <= strongest.r && cost.p <= strongest.p
  if (!bounded || hash.length !== lengths.hash) return undefined
  return { cost, salt: Buffer.from(match[4] ?? '', 'base64url'), hash }
}
