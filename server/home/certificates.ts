import {
  createHash,
  createPrivateKey,
  createPublicKey,
  KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Extension } from '@peculiar/x509'

export interface CertificatesOptions {
  /** Holds `ca.crt`, `ca.key` and a pair per server; made 0700 when absent. */
  directory: string
  /** Host names and addresses that servers answer to, besides localhost, 127.0.0.1 and ::1. */
  hosts: readonly string[]
  /** Milliseconds since the epoch. */
  clock?: () => number
}

export interface ServerCertificate {
  /** PEM: the server's certificate, then the CA's. */
  cert: string
  /** PEM, PKCS #8. */
  key: string
}

export interface Certificates {
  /** PEM: what clients must trust. */
  ca: { cert: string }
  /** The pair of one server (`api`, `console` …), made or renewed when need be. */
  server(name: string): Promise<ServerCertificate>
  /** A new pair of one server whatever its age; the one before stays valid until it ends. */
  renew(name: string): Promise<ServerCertificate>
  /** SHA-256 of the CA's certificate as browsers print it, `AB:CD:…`. */
  fingerprint: string
}

const day = 24 * 60 * 60 * 1000
const caLifetime = 10 * 365 * day
/** Browsers refuse server certificates that live longer than 398 days. */
const serverLifetime = 397 * day
/** A clock a little behind must not find a certificate of the future. */
const backdate = 60 * 60 * 1000
const renewServerBefore = 60 * day
/** A CA that ends before the servers it signs would end them too. */
const renewCaBefore = serverLifetime + day

interface Pair {
  certificate: X509Certificate
  key: KeyObject
}

/**
 * The instance's own certificate authority (EC P-256) and the server certificates it signs, kept in `directory` over
 * restarts and renewed before they expire. A renewed CA keeps its key and name, so what trusted it goes on trusting.
 * Rejects with the file system's error when the directory cannot be used.
 */
export async function ensureCertificates(options: CertificatesOptions): Promise<Certificates> {
  const { directory } = options
  const clock = options.clock ?? Date.now
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const ca = await ensureCa(directory, clock())
  const caPem = ca.certificate.toString()
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...options.hosts.map(plainHost)])]
  const pending = new Map<string, Promise<ServerCertificate>>()

  async function ensureServer(name: string): Promise<ServerCertificate> {
    const known = await readPair(directory, name)
    const pair = known && servesWell(known, ca, { names, now: clock() }) ? known : await issueServer(name)
    return { cert: pair.certificate.toString() + caPem, key: pemOf(pair.key) }
  }

  async function issueServer(name: string): Promise<Pair> {
    const key = await newKey()
    const now = clock()
    const certificate = await sign({
      subject: `Chiave ${name}`,
      publicKey: createPublicKey(key),
      issuer: ca,
      notBefore: now - backdate,
      notAfter: now + serverLifetime,
      names,
    })
    await writePair(directory, name, { certificate, key })
    return { certificate, key }
  }

  function checkName(name: string): void {
    if (!/^[a-z][a-z0-9-]*$/.test(name) || name === 'ca') throw new Error(`"${name}" is no name for a certificate`)
  }

  return {
    ca: { cert: caPem },
    fingerprint: ca.certificate.fingerprint256,
    async renew(name) {
      checkName(name)
      // What is being made meanwhile would otherwise win.
      await pending.get(name)
      const pair = await issueServer(name)
      return { cert: pair.certificate.toString() + caPem, key: pemOf(pair.key) }
    },
    server(name) {
      checkName(name)
      const running = pending.get(name)
      if (running) return running
      const started = ensureServer(name).finally(() => pending.delete(name))
      pending.set(name, started)
      return started
    },
  }
}

/** Brackets and zone of an IPv6 address are not part of it in a certificate. */
function plainHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .toLowerCase()
}

async function ensureCa(directory: string, now: number): Promise<Pair> {
  const known = await readPair(directory, 'ca')
  if (known && Date.parse(known.certificate.validTo) - now > renewCaBefore) return known
  const key = known?.key ?? (await newKey())
  // The name carries the key, so that browsers that know two instances tell their authorities apart.
  const subject = `Chiave CA ${keyIdOf(createPublicKey(key)).slice(0, 8)}`
  const certificate = await sign({
    subject,
    publicKey: createPublicKey(key),
    issuer: { key },
    notBefore: now - backdate,
    notAfter: now + caLifetime,
  })
  await writePair(directory, 'ca', { certificate, key })
  return { certificate, key }
}

function servesWell(pair: Pair, ca: Pair, { names, now }: { names: string[]; now: number }): boolean {
  const { certificate, key } = pair
  return (
    certificate.checkPrivateKey(key) &&
    certificate.verify(ca.certificate.publicKey) &&
    Date.parse(certificate.validTo) - now > renewServerBefore &&
    Date.parse(certificate.validFrom) <= now &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)))
  )
}

interface SigningRequest {
  subject: string
  publicKey: KeyObject
  /** Without a certificate: self-signed, an authority. */
  issuer: { key: KeyObject; certificate?: X509Certificate }
  notBefore: number
  notAfter: number
  /** Subject alternative names of a server. */
  names?: readonly string[]
}

/**
 * RFC 5280 profile: key identifiers included, since strict verifiers (Python from 3.13 on) refuse certificates without.
 * The library is loaded only when something is to be signed, which a start seldom needs.
 */
async function sign(request: SigningRequest): Promise<X509Certificate> {
  const x509 = await import('@peculiar/x509')
  const { issuer, names } = request
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const signingKey = await webcrypto.subtle.importKey('pkcs8', derOf(issuer.key), algorithm, false, ['sign'])
  const publicDer = request.publicKey.export({ type: 'spki', format: 'der' })
  const subjectKeyId = keyIdOf(request.publicKey)
  const issuerKeyId = keyIdOf(createPublicKey(issuer.key))
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags
  const isAuthority = names === undefined
  const extensions: Extension[] = [
    isAuthority
      ? new x509.BasicConstraintsExtension(true, 0, true)
      : new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(isAuthority ? keyCertSign | cRLSign : digitalSignature, true),
    new x509.SubjectKeyIdentifierExtension(subjectKeyId, false),
    new x509.AuthorityKeyIdentifierExtension(issuerKeyId, false),
  ]
  if (names) {
    extensions.push(
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
        false,
      ),
    )
  }
  const subject = [{ CN: [request.subject] }, { O: ['Chiave'] }]
  const certificate = await x509.X509CertificateGenerator.create(
    {
      // 16 random bytes, positive and without a leading zero.
      serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
      subject,
      issuer: issuer.certificate
        ? new x509.X509Certificate(issuer.certificate.raw).subjectName
        : new x509.Name(subject),
      notBefore: new Date(request.notBefore),
      notAfter: new Date(request.notAfter),
      publicKey: publicDer,
      signingKey,
      signingAlgorithm: algorithm,
      extensions,
    },
    // Node's type lacks a deprecated getter of the browser's; the object is the same.
    webcrypto as Crypto,
  )
  return new X509Certificate(Buffer.from(certificate.rawData))
}

/** RFC 5280, 4.2.1.2, method 1, by the hash of today: an identifier needs only be unique. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 40)
}

async function newKey(): Promise<KeyObject> {
  const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
  return KeyObject.from(privateKey)
}

const derOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' })
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** The pair on disk; undefined when there is none or its halves do not belong together. */
async function readPair(directory: string, name: string): Promise<Pair | undefined> {
  const cert = await readIfThere(join(directory, `${name}.crt`))
  const key = await readIfThere(join(directory, `${name}.key`))
  if (cert === undefined || key === undefined) return undefined
  try {
    const pair = { certificate: new X509Certificate(cert), key: createPrivateKey(key) }
    return pair.certificate.checkPrivateKey(pair.key) ? pair : undefined
  } catch (error) {
    // A file cut short by a full disk is replaced by a new pair; anything but a parse error is for the caller.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL')) return undefined
    throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Each file appears whole or not at all; the key first, so that a certificate on disk always has its key. */
async function writePair(directory: string, name: string, { certificate, key }: Pair): Promise<void> {
  await writeWhole(join(directory, `${name}.key`), pemOf(key), 0o600)
  // The CA's certificate is for everyone to trust.
  await writeWhole(join(directory, `${name}.crt`), certificate.toString(), name === 'ca' ? 0o644 : 0o600)
}

async function writeWhole(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
