import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import type { Clock } from '../../clock'
import type { ObjectStore } from '../../storage/object-store'
import { ensureInstanceKey, replaceInstanceKey } from '../instance-keys'

/** PEM both. */
interface StoredAuthority {
  certificate: string
  key: string
  /** Replaced ones, which are trusted until a time in milliseconds since the epoch. */
  retired?: { certificate: string; until: number }[]
}

export interface CertificateOrder {
  /** PEM of a PKCS #10 request; its subject becomes the certificate's. */
  request: string
  /** Seconds. */
  lifetime: number
}

const day = 24 * 60 * 60 * 1000
const authorityLifetime = 10 * 365 * day
const renewBefore = 2 * 365 * day
/** A clock a little behind must not find a certificate of the future. */
const backdate = 5 * 60 * 1000
/** How long certificates of a replaced authority are good for: time to ask for new ones. */
export const gracePeriod = 30 * day
const storedName = 'client-authority'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** What a request says cannot be signed; the message is for its status. */
export class SigningError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SigningError'
  }
}

/**
 * The authority that signs client certificates (EC P-256), apart from the one that signs servers: who may serve must not
 * be able to say who someone is. Kept with the cluster's state, encrypted.
 */
export class ClientAuthority {
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * PEM of what client certificates are to be verified against: the authority's certificate, made at first use and
   * renewed, with the same key and name, in time; then those it replaced, for a grace period.
   */
  async certificate(): Promise<string> {
    const { certificate, retired = [] } = await this.#authority()
    return [certificate, ...retired.map((entry) => entry.certificate)].join('')
  }

  /** A new key and name from now on. */
  async rotate(): Promise<void> {
    const { certificate, retired = [] } = await this.#authority()
    const now = this.#clock.now().getTime()
    const next = await newAuthority(newKey(), now)
    await replaceInstanceKey<StoredAuthority>(this.#store, storedName, {
      ...next,
      retired: [{ certificate, until: now + gracePeriod }, ...retired],
    })
  }

  /** A client certificate as PEM. Throws a SigningError for a request that is none or asks for what nobody gets. */
  async sign({ request, lifetime }: CertificateOrder): Promise<string> {
    const authority = await this.#authority()
    const x509 = await loadLibrary()
    const asked = parseRequest(x509, request)
    if (!(await asked.verify(webcrypto as Crypto))) throw new SigningError('the request is not signed by its own key')
    if (asked.subjectName.getField('O').includes('system:masters')) {
      throw new SigningError(
        'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      )
    }
    if (asked.subjectName.getField('CN').length !== 1) throw new SigningError('the request names no user')
    const issuer = new x509.X509Certificate(authority.certificate)
    const now = this.#clock.now().getTime()
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: newSerial(),
        subject: asked.subjectName,
        issuer: issuer.subjectName,
        notBefore: new Date(now - backdate),
        notAfter: new Date(Math.min(now + lifetime * 1000, issuer.notAfter.getTime())),
        publicKey: asked.publicKey,
        signingKey: await importKey(authority.key),
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth], false),
          new x509.AuthorityKeyIdentifierExtension(keyIdOf(authority.key), false),
        ],
      },
      webcrypto as Crypto,
    )
    return `${certificate.toString('pem')}\n`
  }

  async #authority(): Promise<StoredAuthority> {
    const now = this.#clock.now().getTime()
    const stored = await ensureInstanceKey<StoredAuthority>(this.#store, storedName, () => newAuthority(newKey(), now))
    const retired = (stored.retired ?? []).filter(({ until }) => until > now)
    const lasts = Date.parse(new X509Certificate(stored.certificate).validTo) - now > renewBefore
    if (lasts && retired.length === (stored.retired ?? []).length) return stored
    const current = lasts ? stored : await newAuthority(stored.key, now)
    return replaceInstanceKey<StoredAuthority>(this.#store, storedName, { ...current, retired })
  }
}

type Library = typeof X509

/** Loaded only when something is signed, which a start seldom needs. */
function loadLibrary(): Promise<Library> {
  return import('@peculiar/x509')
}

function parseRequest(x509: Library, pem: string): X509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem)
  } catch (error) {
    throw new SigningError('the request cannot be read', { cause: error })
  }
}

async function newAuthority(key: string, now: number): Promise<StoredAuthority> {
  const x509 = await loadLibrary()
  const publicKey = createPublicKey(createPrivateKey(key))
  const id = keyIdOf(key)
  const name = [{ CN: [`Chiave client CA ${id.slice(0, 8)}`] }, { O: ['Chiave'] }]
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: name,
      issuer: name,
      notBefore: new Date(now - backdate),
      notAfter: new Date(now + authorityLifetime),
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
      signingKey: await importKey(key),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        new x509.SubjectKeyIdentifierExtension(id, false),
      ],
    },
    // Node's type lacks a deprecated getter of the browser's; the object is the same.
    webcrypto as Crypto,
  )
  return { certificate: `${certificate.toString('pem')}\n`, key }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function importKey(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
}

function keyIdOf(pem: string): string {
  const der = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex').slice(0, 40)
}

/** 16 random bytes, positive and without a leading zero. */
function newSerial(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`
}
