import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A key of 32 bytes with the number under which sealed values remember it. */
export interface RecordKey {
  /** 1 to 255. */
  id: number
  key: Buffer
}

/** The value was sealed with a key that is not there (any more). */
export class UnknownRecordKey extends Error {
  constructor(readonly keyId: number) {
    super(`sealed with key ${keyId}, which is not there`)
    this.name = 'UnknownRecordKey'
  }
}

const format = 1
const ivBytes = 12
const tagBytes = 16
const headBytes = 2 + ivBytes + tagBytes

/**
 * Seals bytes with AES-256-GCM: format, key number, IV, tag, ciphertext. `boundTo` is authenticated, not stored: a sealed
 * value that is moved to another record does not open there. Random IVs are safe for 2³² values of one key (NIST SP
 * 800-38D, 8.3), far more than a console ever writes.
 */
export function sealRecord(plain: Buffer, { id, key }: RecordKey, boundTo: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(boundTo))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.from([format, id]), iv, cipher.getAuthTag(), sealed])
}

/** Opens what `sealRecord` made. Throws UnknownRecordKey without its key, and an ordinary error for anything damaged. */
export function openRecord(sealed: Buffer, keys: ReadonlyMap<number, Buffer>, boundTo: string): Buffer {
  if (sealed.length < headBytes || sealed[0] !== format) throw new Error('not a sealed record')
  const id = sealed[1] ?? 0
  const key = keys.get(id)
  if (!key) throw new UnknownRecordKey(id)
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(2, 2 + ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(boundTo))
  decipher.setAuthTag(sealed.subarray(2 + ivBytes, headBytes))
  return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()])
}
