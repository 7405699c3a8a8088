import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Encrypts what must not lie readable on the disk. */
export interface Cipher {
  /** `place` binds the bytes to where they are kept: moved elsewhere they no longer open. */
  seal(plain: Buffer, place: string): Buffer
  /** Throws when the key is none of ours or the bytes were changed or moved. */
  open(sealed: Buffer, place: string): Buffer
  /** The same under the newest key; undefined when it already is. Throws as `open`. */
  reseal(sealed: Buffer, place: string): Buffer | undefined
}

const nonceLength = 12
const tagLength = 16

/**
 * AES-256-GCM with a fresh random nonce each time: nonce, tag, ciphertext. Seals with `key`; `older` keys only open what
 * was sealed before they were replaced. Which key it was, the tag tells. Keys have 32 bytes.
 */
export function createCipher(key: Buffer, older: readonly Buffer[] = []): Cipher {
  const keys = [key, ...older]
  for (const { length } of keys) {
    if (length !== 32) throw new Error('The encryption key of the cluster state must have 32 bytes.')
  }
  return {
    seal: (plain, place) => seal(key, plain, place),
    open: (sealed, place) => openWith(keys, sealed, place).plain,
    reseal(sealed, place) {
      const opened = openWith(keys, sealed, place)
      return opened.key === key ? undefined : seal(key, opened.plain, place)
    },
  }
}

function seal(key: Buffer, plain: Buffer, place: string): Buffer {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(place))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text])
}

function openWith(keys: readonly Buffer[], sealed: Buffer, place: string): { plain: Buffer; key: Buffer } {
  let failure: unknown
  for (const key of keys) {
    try {
      return { plain: open(key, sealed, place), key }
    } catch (error) {
      // Another key may fit; when none does, this is why.
      failure = error
    }
  }
  throw failure
}

function open(key: Buffer, sealed: Buffer, place: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength))
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(sealed.subarray(nonceLength, nonceLength + tagLength))
  return Buffer.concat([decipher.update(sealed.subarray(nonceLength + tagLength)), decipher.final()])
}
