import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { z } from 'zod'

/** What a session may use in its person's name at other places. */
export const sessionSecrets = z.object({
  /** Bearer tokens that the person brought, by cluster. */
  tokens: z.record(z.string(), z.string()).optional(),
  /** What the identity provider gave. */
  provider: z
    .object({
      idToken: z.string().optional(),
      /** Whether the clusters take the id token. */
      toClusters: z.boolean().optional(),
      refreshToken: z.string().optional(),
      /** Milliseconds since the epoch: when it has to be asked again. */
      expiresAt: z.number().optional(),
    })
    .optional(),
})
export type SessionSecrets = z.infer<typeof sessionSecrets>

/**
 * The key that seals a session's secrets follows from the session's own secret, which the browser alone keeps: whoever
 * reads the records has neither.
 */
export function sealingKeyOf(sessionId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', sessionId, '', 'chiave session secrets', 32))
}

/** AES-256-GCM, as base64 of nonce, tag and text. */
export function sealSecrets(key: Buffer, secrets: SessionSecrets): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
}

/** Throws when the text was sealed with another key, or changed. */
export function openSecrets(key: Buffer, sealed: string): SessionSecrets {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAuthTag(bytes.subarray(12, 28))
  const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
  return sessionSecrets.parse(JSON.parse(text.toString('utf8')))
}
