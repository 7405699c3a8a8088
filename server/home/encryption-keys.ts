import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import type { Home } from './home'

export interface EncryptionKeys {
  /** Encrypts; 32 bytes. */
  current: Buffer
  /** Replaced ones, newest first; needed until everything is under the current one. */
  older: Buffer[]
  /** Where the replaced ones are kept: to be removed when everything is under the current one. */
  olderFile: string
}

const bytes = 32
const encode = (key: Buffer) => key.toString('base64url')

function files(home: Home): { current: string; older: string } {
  return { current: home.file('cluster', 'secret.key'), older: home.file('cluster', 'secret.older.keys') }
}

/** The keys of the cluster's state; the first is made at first use. */
export function readEncryptionKeys(home: Home): EncryptionKeys {
  const { current, older } = files(home)
  const key = home.secret({ path: current, bytes, owner: home.uids?.cluster })
  if (!fs.existsSync(older)) return { current: key, older: [], olderFile: older }
  const lines = fs.readFileSync(older, 'utf8').split('\n')
  const replaced = lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64url'))
  // A rotation that was broken off has noted the current key as replaced already.
  return { current: key, older: replaced.filter((entry) => !entry.equals(key)), olderFile: older }
}

/**
 * Replaces the key, for the next start of the cluster to use. The one before is noted first, so that no break-off loses
 * it.
 */
export function rotateEncryptionKey(home: Home): void {
  const { current, older } = readEncryptionKeys(home)
  const { uids } = home
  const paths = files(home)
  const content = [current, ...older].map((key) => `${encode(key)}\n`).join('')
  home.write({ path: paths.older, content, mode: 0o600, owner: uids?.cluster })
  home.write({ path: paths.current, content: encode(randomBytes(bytes)), mode: 0o600, owner: uids?.cluster })
}
