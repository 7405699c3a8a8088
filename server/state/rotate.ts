import fs from 'node:fs'
import { ensureCertificates } from '../home/certificates'
import { tokenFiles } from '../home/credentials'
import { rotateEncryptionKey as replaceKey } from '../home/encryption-keys'
import type { Home } from '../home/home'
import { requestRotation } from '../home/rotation-requests'

/** Replaces the key that encrypts Secrets at rest. Returns what to tell the person. */
export function rotateEncryptionKey(home: Home): string {
  replaceKey(home)
  return 'The key that encrypts secrets at rest was replaced. The next start uses the new one and rewrites what the old one encrypted.'
}

/**
 * Gives every server of the instance a new key and certificate under the same authority, so that what trusts the instance
 * goes on trusting it. Returns what to tell the person.
 */
export async function rotateCertificates(home: Home): Promise<string> {
  const directory = home.file('tls')
  const certificates = await ensureCertificates({ directory, hosts: [] })
  const names = fs
    .readdirSync(directory)
    .filter((file) => file.endsWith('.crt') && file !== 'ca.crt')
    .map((file) => file.replace(/\.crt$/, ''))
  for (const name of names) await certificates.renew(name)
  return names.length === 0
    ? 'This home has no server certificates yet; the next start makes them.'
    : `New certificates for ${names.join(' and ')}, signed by the same authority. A running Chiave uses them for new connections; else the next start does.`
}

/** Replaces the key that signs the tokens of service accounts. Returns what to tell the person. */
export function rotateSigningKey(home: Home): string {
  requestRotation(home, 'signing-key')
  return 'The next start signs tokens of service accounts with a new key and puts new tokens into their Secrets. Other tokens stay good until they end, a year at most.'
}

/** Replaces the authority of client certificates. Returns what to tell the person. */
export function rotateClientCa(home: Home): string {
  requestRotation(home, 'client-ca')
  return 'The next start signs client certificates with a new authority. Certificates of the one before are taken for 30 days more: ask for new ones until then.'
}

/** Replaces the tokens of the instance's own users. Returns what to tell the person. */
export function rotateTokens(home: Home): string {
  for (const file of tokenFiles(home)) fs.rmSync(file, { force: true })
  return `The next start makes new tokens for the administrator, the console and the engine. The old ones are worth nothing then; ${home.file('kubeconfig')} gets the new one.`
}
