import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Clock } from '../../clock'
import type { ObjectStore } from '../../storage/object-store'
import { ensureInstanceKey, replaceInstanceKey } from '../instance-keys'
import { longestLifetime } from './token-lifetime'

/** Key pairs (PEM, PKCS #8), the one that signs first. */
interface StoredKeys {
  keys: string[]
  /** Replaced ones, which verify until a time in milliseconds since the epoch. */
  retired?: { key: string; until: number }[]
}

interface SigningKey {
  id: string
  privateKey: KeyObject
  publicKey: KeyObject
  /** Milliseconds since the epoch. */
  until: number
}

const storedName = 'service-account-signing'

/** The keys behind service account tokens: ES256 (RFC 7518, 3.4), named by the hash of the public key. */
export class SigningKeys {
  readonly #store: ObjectStore
  readonly #clock: Clock
  #stored: StoredKeys
  #keys: readonly SigningKey[]

  private constructor(store: ObjectStore, clock: Clock, stored: StoredKeys) {
    this.#store = store
    this.#clock = clock
    this.#stored = stored
    this.#keys = readKeys(stored)
  }

  /** Reads the instance's keys; makes the first. */
  static async open(store: ObjectStore, clock: Clock): Promise<SigningKeys> {
    const stored = await ensureInstanceKey<StoredKeys>(store, storedName, () => ({ keys: [newKey()] }))
    const keys = new SigningKeys(store, clock, stored)
    await keys.forgetEnded()
    return keys
  }

  /** A new key signs from now on; those before verify for as long as a token that they signed may last. */
  async rotate(): Promise<void> {
    const { keys, retired = [] } = this.#stored
    const until = this.#clock.now().getTime() + longestLifetime * 1000
    await this.#keep({ keys: [newKey()], retired: [...keys.map((key) => ({ key, until })), ...retired] })
  }

  /** Removes the keys whose last tokens have ended. */
  async forgetEnded(): Promise<void> {
    const { retired = [] } = this.#stored
    const now = this.#clock.now().getTime()
    const kept = retired.filter(({ until }) => until > now)
    if (kept.length < retired.length) await this.#keep({ ...this.#stored, retired: kept })
  }

  /** Whether a token names a key of this instance that signs no more. */
  isRetired(keyId: string): boolean {
    return this.#keys.some(({ id }, index) => id === keyId && index > 0)
  }

  async #keep(next: StoredKeys): Promise<void> {
    this.#stored = await replaceInstanceKey<StoredKeys>(this.#store, storedName, next)
    this.#keys = readKeys(this.#stored)
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
      key.until > this.#clock.now().getTime() &&
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

function readKeys({ keys, retired = [] }: StoredKeys): SigningKey[] {
  return [...keys.map((key) => readKey(key)), ...retired.map(({ key, until }) => readKey(key, until))]
}

function readKey(pem: string, until = Number.POSITIVE_INFINITY): SigningKey {
  const privateKey = createPrivateKey(pem)
  const publicKey = createPublicKey(privateKey)
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, privateKey, publicKey, until }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
