import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sshFingerprint } from './ssh-fingerprint'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbKxF+C7dRr3gp1cLeD2dTQ0Jx2yXgmC0kkAuUG6J5m ada@desk'

it('is nothing for what is no key', async () => {
  expect(await sshFingerprint('ssh-ed25519 nonsense')).toBeUndefined()
})

it('is always the same and forty-three letters long', async () => {
  const fingerprint = await sshFingerprint(key)
  expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  expect(await sshFingerprint(key.replace('ada@desk', 'other'))).toBe(fingerprint)
})

it.skipIf(!hasSshKeygen())('is what ssh-keygen prints', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'chi-key-'))
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'id')])
    const printed = execFileSync('ssh-keygen', ['-l', '-f', join(directory, 'id.pub')], { encoding: 'utf8' })
    expect(printed).toContain(await sshFingerprint(readFileSync(join(directory, 'id.pub'), 'utf8')))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

function hasSshKeygen(): boolean {
  try {
    execFileSync('ssh-keygen', ['-l', '-f', '/dev/null'], { stdio: 'ignore' })
  } catch (error) {
    // It is there when it complains about the file, and not when it could not be started.
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT')
  }
  return true
}
