import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { part } from '@/contract/json'
import { createCipher } from '../storage/cipher'
import { ObjectStore } from '../storage/object-store'
import { startTestServer, type TestServer } from '../testing/start-test-server'
import { ClientAuthority, gracePeriod } from './client-certificates/client-authority'
import { instanceKeys } from './instance-keys'

const day = 24 * 60 * 60 * 1000
let now: Date
let directory: string
let server: TestServer | undefined
const clock = { now: () => now }

beforeEach(() => {
  now = new Date('2030-01-01T00:00:00Z')
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-rotation-'))
})
afterEach(async () => {
  await server?.close({ keep: true })
  server = undefined
  rmSync(directory, { recursive: true, force: true })
})

async function start(rotate: ('signing-key' | 'client-ca')[] = []): Promise<TestServer> {
  await server?.close({ keep: true })
  server = await startTestServer({ directory, clock, rotate, caCertificate: 'the authority' })
  return server
}

describe('a new signing key', () => {
  const secret = '/api/v1/namespaces/default/secrets/automation'

  async function requestToken(api: TestServer, spec: object = {}): Promise<string> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    const answer = await api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { body })
    return String(part(answer.json, 'status')['token'])
  }
  const statusOf = async (api: TestServer, token: string) => (await api.call('GET', '/version', { token })).status
  const keyCount = async (api: TestServer) => {
    const { keys } = JSON.parse((await api.call('GET', '/openid/v1/jwks')).text)
    return keys.length
  }
  const stored = async (api: TestServer) => {
    const { json } = await api.call('GET', secret)
    return Buffer.from(String(part(json, 'data')['token'] ?? ''), 'base64').toString()
  }
  const namedAccount = async (api: TestServer) => {
    await expect
      .poll(async () => (await api.call('GET', secret.replace('secrets/automation', 'serviceaccounts/default'))).status)
      .toBe(200)
    const annotations = { 'kubernetes.io/service-account.name': 'default' }
    await api.call('POST', secret.replace('/automation', ''), {
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/service-account-token',
        metadata: { name: 'automation', annotations },
      },
    })
    await expect.poll(() => stored(api)).not.toBe('')
  }

  test('signs from now on, tokens of the old one last their time, and Secrets get new tokens', async () => {
    const before = await start()
    await namedAccount(before)
    const [token, kept] = [await requestToken(before), await stored(before)]
    expect(await statusOf(before, kept)).toBe(200)
    const after = await start(['signing-key'])
    expect(await keyCount(after)).toBe(2)
    expect(await statusOf(after, token)).toBe(200)
    expect(await statusOf(after, await requestToken(after))).toBe(200)
    await expect.poll(() => stored(after)).not.toBe(kept)
    expect(await statusOf(after, kept)).toBe(401)
    expect(await statusOf(after, await stored(after))).toBe(200)
  })

  test('leaves the old one nothing to verify after a year, and then removes it', async () => {
    const before = await start()
    await namedAccount(before)
    const token = await requestToken(before, { expirationSeconds: 2 ** 31 })
    const after = await start(['signing-key'])
    now = new Date(now.getTime() + 364 * day)
    expect(await statusOf(after, token)).toBe(200)
    now = new Date(now.getTime() + 2 * day)
    expect(await statusOf(after, token)).toBe(401)
    const later = await start()
    expect(await keyCount(later)).toBe(1)
    expect(await statusOf(later, await stored(later))).toBe(200)
  })
})

describe('a new client authority', () => {
  const certificatesIn = (pem: string) => pem.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []

  test('signs from now on, and the old one is trusted for its grace period', async () => {
    const store = new ObjectStore({
      path: path.join(directory, 'state.db'),
      cipher: createCipher(Buffer.alloc(32, 1)),
      sealed: new Set([instanceKeys]),
      now: () => now.getTime(),
    })
    const authority = new ClientAuthority(store, clock)
    const [old = ''] = certificatesIn(await authority.certificate())
    await authority.rotate()
    const [current = '', retired] = certificatesIn(await authority.certificate())
    expect(retired).toBe(old)
    const certificate = new X509Certificate(await authority.sign({ request: await requestFor('ada'), lifetime: 3600 }))
    expect(certificate.verify(new X509Certificate(current).publicKey)).toBe(true)
    expect(certificate.verify(new X509Certificate(old).publicKey)).toBe(false)
    now = new Date(now.getTime() + gracePeriod + 1000)
    expect(certificatesIn(await authority.certificate())).toEqual([current])
    store.close()
  })
})

async function requestFor(name: string): Promise<string> {
  const x509 = await import('@peculiar/x509')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = {
    privateKey: await crypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      true,
      ['sign'],
    ),
    publicKey: await crypto.subtle.importKey(
      'spki',
      publicKey.export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
  })
  return request.toString('pem')
}
