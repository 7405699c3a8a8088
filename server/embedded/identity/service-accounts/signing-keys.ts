import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { ObjectStore } from '../../storage/object-store'
import { ensureInstanceKey } from '../instance-keys'

/** Key pairs (PEM, PKCS #8), the one that signs first; the others still verify. */
interface StoredKeys {
  keys: string[]
}

interface SigningKey {
  id: string
  privateKey: KeyObject
  publicKey: KeyObject
}

const storedName = 'service-account-signing'

/** The keys behind service account tokens: ES256 (RFC 7518, 3.4), named by the hash of the public key. */
export class SigningKeys {
  readonly #keys: readonly SigningKey[]

  private constructor(stored: StoredKeys) {
    this.#keys = stored.keys.map(readKey)
  }

  /** Reads the instance's keys; makes the first. */
  static async open(store: ObjectStore): Promise<SigningKeys> {
    return new SigningKeys(await ensureInstanceKey<StoredKeys>(store, storedName, () => ({ keys: [newKey()] })))
  }

  /** A JWS in compact form (RFC 7515). */
  sign(claims: object): string {
    const [key] = this.#keys
    if (!key) throw new Error('there is no key to sign tokens with')
    const text = `${encode({ alg: 'ES256', kid: key.id })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    return `${text}.${signature.toString('base64url')}`
  }

  /** Whether a part `header.claims` was signed by the key that its header names. */
  verify(keyId: string, text: string, signature: Buffer): boolean {
    const key = this.#keys.find(({ id }) => id === keyId)
    return (
      key !== undefined &&
      verify('sha256', Buffer.from(text), { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
    )
  }

  /** The public keys as a JWK set (RFC 7517). */
  publicKeys(): { keys: object[] } {
    return {
      keys: this.#keys.map(({ id, publicKey }) => ({
        use: 'sig',
        kid: id,
        alg: 'ES256',
        ...publicKey.export({ format: 'jwk' }),
      })),
    }
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function readKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem)
  const publicKey = createPublicKey(privateKey)
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, privateKey, publicKey }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
