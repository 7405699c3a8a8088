import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { z } from 'zod'

/** A second factor as it is kept with its user. */
export const secondFactor = z.object({
  /** Base32 */
  secret: z.string(),
  /** The last period of which a code was taken: none of it or before it counts again. */
  lastCounter: z.number(),
  /** SHA-256 of those not used yet. */
  recoveryCodes: z.array(z.string()),
})
export type SecondFactor = z.infer<typeof secondFactor>

const settings = { issuer: 'Chiave', algorithm: 'SHA1', digits: 6, period: 30 } as const
const recovery = { count: 10, bytes: 10 }

/** A fresh secret of 160 bits, base32 (RFC 4226, section 4). */
export const createTotpSecret = () => new Secret({ size: 20 }).base32

/** For an authenticator app. */
export function totpUri(secret: string, username: string): string {
  return new TOTP({ ...settings, label: username, secret: Secret.fromBase32(secret) }).toString()
}

/**
 * The period whose code this is, at most one before or after now (RFC 6238, section 5.2), and later than `after`;
 * undefined when it is none.
 */
export function checkTotp(options: { secret: string; code: string; after: number; now: number }): number | undefined {
  const code = options.code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(code)) return undefined
  const totp = new TOTP({ ...settings, secret: Secret.fromBase32(options.secret) })
  const delta = totp.validate({ token: code, timestamp: options.now, window: 1 })
  if (delta === null) return undefined
  const counter = totp.counter({ timestamp: options.now }) + delta
  return counter > options.after ? counter : undefined
}

/** Codes to be shown once, and what is kept of them: 80 random bits each, which a fast hash protects. */
export function createRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const codes = Array.from({ length: recovery.count }, () => {
    const text = new Secret({ buffer: new Uint8Array(randomBytes(recovery.bytes)).buffer }).base32.toLowerCase()
    return text.match(/.{4}/g)?.join('-') ?? text
  })
  return { codes, hashes: codes.map(hashOf) }
}

/** The factor after one of its codes was used, a timed or a recovery one; undefined when the code is none of them. */
export function useCode(factor: SecondFactor, code: string, now: number): SecondFactor | undefined {
  const counter = checkTotp({ secret: factor.secret, code, after: factor.lastCounter, now })
  if (counter !== undefined) return { ...factor, lastCounter: counter }
  const given = Buffer.from(hashOf(code))
  const left = factor.recoveryCodes.filter((kept) => {
    const known = Buffer.from(kept)
    return known.length !== given.length || !timingSafeEqual(known, given)
  })
  return left.length < factor.recoveryCodes.length ? { ...factor, recoveryCodes: left } : undefined
}

/** However it was typed: case, spaces and hyphens do not count. */
function hashOf(code: string): string {
  return createHash('sha256')
    .update(code.toLowerCase().replace(/[^a-z0-9]/g, ''))
    .digest('base64url')
}
