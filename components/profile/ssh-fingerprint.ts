import { readSshPublicKey } from '@/contract/cloud-init/ssh-public-key'

/**
 * The fingerprint of a public key as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. Undefined for what is
 * no key, and where the browser does not hash (a page over plain HTTP from another host).
 */
export async function sshFingerprint(key: string): Promise<string | undefined> {
  const read = readSshPublicKey(key)
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (typeof read === 'string' || subtle === undefined) return undefined
  const bytes = Uint8Array.from(atob(read.blob), (letter) => letter.charCodeAt(0))
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  return `SHA256:${btoa(String.fromCharCode(...digest)).replace(/=+$/, '')}`
}
