import fs from 'node:fs'
import { ensureCertificates } from '../home/certificates'
import { rotateEncryptionKey as replaceKey } from '../home/encryption-keys'
import type { Home } from '../home/home'

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
    : `New certificates for ${names.join(' and ')}, signed by the same authority. The next start uses them.`
}
