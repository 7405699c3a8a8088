import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Encrypts what must not lie readable on the disk. */
export interface Cipher {
  /** `place` binds the bytes to where they are kept: moved elsewhere they no longer open. */
  seal(plain: Buffer, place: string): Buffer
  /** Throws when the key is another or the bytes were changed or moved. */
  open(sealed: Buffer, place: string): Buffer
}

const nonceLength = 12
const tagLength = 16

/** AES-256-GCM with a fresh random nonce each time: nonce, tag, ciphertext. The key has 32 bytes. */
export function createCipher(key: Buffer): Cipher {
  if (key.length !== 32) throw new Error('The encryption key of the cluster state must have 32 bytes.')
  return {
    seal(plain, place) {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(place))
      const text = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text])
    },
    open(sealed, place) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength))
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(sealed.subarray(nonceLength, nonceLength + tagLength))
      return Buffer.concat([decipher.update(sealed.subarray(nonceLength + tagLength)), decipher.final()])
    },
  }
}
