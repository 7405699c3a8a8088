/** Public keys as in `authorized_keys` (OpenSSH sshd(8), RFC 4253 section 6.6). */

export interface SshPublicKey {
  /** e.g. `ssh-ed25519` */
  type: string
  /** The base64 blob. */
  blob: string
  /** Often `user@host`; may be empty. */
  comment: string
}

/**
 * `private-key`: somebody is about to give away the wrong half. `unsupported`: not a type that sshd still accepts.
 * `damaged`: the blob is not base64, cut short, or of another type than it says. `several`: more than one line.
 */
export type SshKeyProblem = 'empty' | 'private-key' | 'several' | 'unsupported' | 'damaged'

const supported = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
])

/** How many length-prefixed fields the blob of each type has. */
const fieldCounts: Record<string, number> = {
  'ssh-ed25519': 2,
  'ssh-rsa': 3,
  'ecdsa-sha2-nistp256': 3,
  'ecdsa-sha2-nistp384': 3,
  'ecdsa-sha2-nistp521': 3,
  'sk-ssh-ed25519@openssh.com': 3,
  'sk-ecdsa-sha2-nistp256@openssh.com': 4,
}

/** Reads one public key; whitespace around it does not matter. */
export function readSshPublicKey(text: string): SshPublicKey | SshKeyProblem {
  const line = text.trim()
  if (line === '') return 'empty'
  if (line.includes('PRIVATE KEY')) return 'private-key'
  if (/[\r\n]/.test(line)) return 'several'
  const [type = '', blob = '', ...rest] = line.split(/\s+/)
  if (!supported.has(type)) return 'unsupported'
  const fields = readFields(blob)
  if (!fields || fields.length !== fieldCounts[type] || fields[0] !== type) return 'damaged'
  return { type, blob, comment: rest.join(' ') }
}

/** What is wrong with one public key, or nothing. */
export function sshKeyProblem(text: string): SshKeyProblem | undefined {
  const result = readSshPublicKey(text)
  return typeof result === 'string' ? result : undefined
}

/** The fields of the blob as byte strings; undefined when it is no such blob. */
function readFields(blob: string): string[] | undefined {
  if (blob === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) return undefined
  const bytes = atob(blob)
  const fields: string[] = []
  let position = 0
  while (position < bytes.length) {
    if (position + 4 > bytes.length) return undefined
    let length = 0
    for (let i = 0; i < 4; i++) length = length * 256 + bytes.charCodeAt(position + i)
    position += 4
    if (length === 0 || position + length > bytes.length) return undefined
    fields.push(bytes.slice(position, position + length))
    position += length
  }
  return fields
}
