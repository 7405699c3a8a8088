import { X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureCertificates } from '../home/certificates'
import { ensureCredentials } from '../home/credentials'
import { readEncryptionKeys } from '../home/encryption-keys'
import { type Home, openHome } from '../home/home'
import { rotationRequest } from '../home/rotation-requests'
import { rotateCertificates, rotateClientCa, rotateEncryptionKey, rotateSigningKey, rotateTokens } from './rotate'

let directory: string
let home: Home

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-rotate-'))
  home = openHome(directory, { asRoot: false })
  fs.mkdirSync(home.file('cluster'))
})

afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

test('a replaced key is kept for reading until everything is under the new one', () => {
  const before = readEncryptionKeys(home).current
  rotateEncryptionKey(home)
  const after = readEncryptionKeys(home)
  expect(after.current.equals(before)).toBe(false)
  expect(after.older.map((key) => key.equals(before))).toEqual([true])
})

test('every server gets a new certificate that the same authority vouches for', async () => {
  const certificates = await ensureCertificates({ directory: home.file('tls'), hosts: [] })
  const before = new X509Certificate((await certificates.server('api')).cert)
  expect(await rotateCertificates(home)).toContain('api')
  const after = new X509Certificate((await certificates.server('api')).cert)
  expect(after.serialNumber).not.toBe(before.serialNumber)
  expect(after.verify(new X509Certificate(certificates.ca.cert).publicKey)).toBe(true)
})

test('what lies inside the state is replaced at the next start, which is asked for it', () => {
  rotateSigningKey(home)
  expect(fs.existsSync(rotationRequest(home, 'signing-key'))).toBe(true)
  expect(fs.existsSync(rotationRequest(home, 'client-ca'))).toBe(false)
  rotateClientCa(home)
  expect(fs.existsSync(rotationRequest(home, 'client-ca'))).toBe(true)
})

test('the tokens of the instance become others', () => {
  fs.mkdirSync(home.file('console'))
  const before = ensureCredentials(home)
  rotateTokens(home)
  const after = ensureCredentials(home)
  for (const name of ['admin', 'engine', 'console'] as const) expect(after[name]).not.toBe(before[name])
})
