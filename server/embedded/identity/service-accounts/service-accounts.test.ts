import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../clock'
import { startTestServer, strangerToken, type TestServer } from '../../testing/start-test-server'

let server: TestServer
let now = new Date()
const clock: Clock = { now: () => now }

beforeAll(async () => {
  server = await startTestServer({ clock, caCertificate: 'PEM' })
})
afterAll(() => server.close())

const call = (method: string, target: string, body?: unknown, token?: string) =>
  server.call(method, target, { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) })
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
const issuer = 'https://kubernetes.default.svc.cluster.local'

async function requestToken(name: string, spec: object = {}): Promise<string> {
  const answer = await call('POST', `${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
  })
  expect([answer.status, answer.json['message']]).toEqual([201, undefined])
  return (answer.json['status'] as { token: string }).token
}

interface Reviewed {
  authenticated?: boolean
  user: { username?: string; groups?: string[]; uid?: string; extra?: Record<string, string[]> }
  audiences?: string[]
  error?: string
}

async function review(token: string, audiences?: string[]): Promise<Reviewed> {
  const answer = await call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audiences ? { audiences } : {}) },
  })
  // What the test asked for, in the shape of a TokenReview's status.
  return answer.json['status'] as Reviewed
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

let number = 0
let name: string
beforeEach(async () => {
  name = `bot${number++}`
  now = new Date()
  await call('POST', accounts, account(name))
})

describe('a requested token', () => {
  test('makes its bearer the service account, with its groups, and no more than its roles', async () => {
    const token = await requestToken(name)
    const { user, authenticated, audiences } = await review(token)
    expect({ authenticated, audiences, name: user.username, groups: user.groups }).toEqual({
      authenticated: true,
      audiences: [issuer],
      name: `system:serviceaccount:default:${name}`,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    })
    expect(user.extra?.['authentication.kubernetes.io/credential-id']).toEqual([`JTI=${claimsOf(token).jti}`])
    expect((await call('GET', '/api/v1/namespaces/default/pods', undefined, token)).json['message']).toBe(
      `pods is forbidden: User "system:serviceaccount:default:${name}" cannot list resource "pods" in API group "" in the namespace "default"`,
    )
    await call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
    })
    expect((await call('GET', '/api/v1/namespaces/default/pods', undefined, token)).status).toBe(200)
  })

  test('ends with its time and is good for its audiences only', async () => {
    const token = await requestToken(name, { expirationSeconds: 600, audiences: ['vault'] })
    expect(claimsOf(token)).toMatchObject({ aud: ['vault'], iss: issuer, sub: `system:serviceaccount:default:${name}` })
    expect((await call('GET', '/api', undefined, token)).status).toBe(401)
    expect(await review(token, ['vault', 'other'])).toMatchObject({ authenticated: true, audiences: ['vault'] })
    expect((await review(token)).error).toMatch(/is invalid for the target audiences/)
    const own = await requestToken(name, { expirationSeconds: 600 })
    expect((await call('GET', '/api', undefined, own)).status).toBe(200)
    now = new Date(now.getTime() + 601_000)
    expect((await call('GET', '/api', undefined, own)).status).toBe(401)
    expect((await review(own)).error).toBe('[invalid bearer token, service account token has expired]')
  })

  test('ends with its account, also when another of that name comes', async () => {
    const token = await requestToken(name)
    await call('DELETE', `${accounts}/${name}`)
    expect((await call('GET', '/api', undefined, token)).status).toBe(401)
    await call('POST', accounts, account(name))
    expect((await call('GET', '/api', undefined, token)).status).toBe(401)
  })

  test('ends with the object it is bound to', async () => {
    const secrets = '/api/v1/namespaces/default/secrets'
    await call('POST', secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name } })
    const token = await requestToken(name, { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name } })
    expect((await review(token)).authenticated).toBe(true)
    await call('DELETE', `${secrets}/${name}`)
    expect((await review(token)).error).toBe('[invalid bearer token, service account token has been invalidated]')
  })

  test('is refused where the request makes no sense', async () => {
    const ask = async (spec: object) =>
      (
        await call('POST', `${accounts}/${name}/token`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec,
        })
      ).json['message']
    expect(await ask({ expirationSeconds: 10 })).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
    )
    expect(await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'none' } })).toBe(
      'secrets "none" not found',
    )
    const missing = await call('POST', `${accounts}/none/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    })
    expect(missing.json['message']).toBe('serviceaccounts "none" not found')
    const stranger = await call('POST', `${accounts}/${name}/token`, {}, strangerToken)
    expect(stranger.json['message']).toBe(
      `serviceaccounts "${name}" is forbidden: User "stranger" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default"`,
    )
  })

  test('can be verified by others with the published key, and not be forged', async () => {
    const token = await requestToken(name)
    const about = await call('GET', '/.well-known/openid-configuration', undefined, token)
    expect(about.json).toMatchObject({ issuer, jwks_uri: expect.stringMatching(/\/openid\/v1\/jwks$/) })
    const { keys } = JSON.parse((await call('GET', '/openid/v1/jwks', undefined, token)).text) as { keys: JsonWebKey[] }
    const [header = '', claims = '', signature = ''] = token.split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const key = createPublicKey({ key: keys.find((entry) => entry['kid'] === kid) ?? {}, format: 'jwk' })
    const good = (text: string) =>
      verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
    expect(good(`${header}.${claims}`)).toBe(true)
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(token), exp: 9e9 })).toString('base64url')
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    for (const wrong of [
      `${header}.${forged}.${signature}`,
      `${none}.${claims}.`,
      `${header}.${claims}.`,
      'x.y.z',
      'x',
    ]) {
      expect((await call('GET', '/api', undefined, wrong)).status).toBe(401)
      expect(await review(wrong)).toEqual({ user: {}, error: 'invalid bearer token' })
    }
    expect((await call('GET', '/openid/v1/jwks', undefined, strangerToken)).status).toBe(403)
  })

  test('stays good over a restart', async () => {
    const first = await startTestServer()
    const path = '/api/v1/namespaces/default/serviceaccounts'
    await first.call('POST', path, { body: account('bot') })
    const { json } = await first.call('POST', `${path}/bot/token`, { body: { spec: {} } })
    const { token } = json['status'] as { token: string }
    await first.close({ keep: true })
    const second = await startTestServer({ directory: first.directory })
    try {
      expect((await second.call('GET', '/api', { token })).status).toBe(200)
    } finally {
      await second.close()
    }
  })
})

describe('a Secret for a token', () => {
  const secrets = '/api/v1/namespaces/default/secrets'
  const secret = (annotations: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name, annotations },
  })
  const named = () => secret({ 'kubernetes.io/service-account.name': name })

  test('is filled, works, and goes with its account', async () => {
    await call('POST', secrets, named())
    const data = async () => ((await call('GET', `${secrets}/${name}`)).json['data'] ?? {}) as Record<string, string>
    await expect.poll(async () => Object.keys(await data()).sort()).toEqual(['ca.crt', 'namespace', 'token'])
    const token = Buffer.from((await data())['token'] ?? '', 'base64').toString()
    expect((await review(token)).user.username).toBe(`system:serviceaccount:default:${name}`)
    await call('DELETE', `${accounts}/${name}`)
    await expect.poll(async () => (await call('GET', `${secrets}/${name}`)).status).toBe(404)
    expect((await call('GET', '/api', undefined, token)).status).toBe(401)
  })

  test('must name an account', async () => {
    expect((await call('POST', secrets, secret({}))).json['message']).toContain(
      'metadata.annotations[kubernetes.io/service-account.name]: Required value',
    )
  })
})
