import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { afterEach, describe, expect, it } from 'vitest'
import { silentLog } from '@/server/cluster/log'
import { createFileRecordStore } from '@/server/records/file-record-store'
import {
  type Call,
  call,
  endOf,
  eventually,
  type FixtureOptions,
  type GatewayFixture,
  openSocket,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
afterEach(() => fixture.stop())

const strong = 'tre tigri contro tre'
const quick: FixtureOptions = { passwordCost: 8 }

type Headers = Record<string, string>

/** A JSON call as a page makes it. */
async function ask(method: string, path: string, options: { headers?: Headers; body?: unknown } = {}) {
  const { headers = {}, body } = options
  const request: Call = { method, path, headers: { origin: fixture.gateway.url, ...headers } }
  if (body !== undefined) {
    request.body = JSON.stringify(body)
    const length = Buffer.byteLength(request.body)
    request.headers = { ...request.headers, 'content-type': 'application/json', 'content-length': length }
  }
  const answer = await call(fixture, request)
  const json = answer.body.startsWith('{') ? JSON.parse(answer.body) : undefined
  return { status: answer.status, json, cookie: answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '', answer }
}

/** What a page of a browser with this cookie sends. */
async function pageHeaders(cookie: string): Promise<Headers> {
  const { json } = await ask('GET', '/auth/session', { headers: { cookie } })
  return { cookie, 'x-chiave-csrf': String(json?.csrfToken), origin: fixture.gateway.url }
}

async function withUser(more: object = {}) {
  const admin = (await signIn(fixture)).headers
  const body = { name: 'ada', password: strong, mustChangePassword: false, ...more }
  expect((await ask('POST', '/auth/users', { headers: admin, body })).status).toBe(201)
  return admin
}

const byPassword = (password = strong, code?: string, username = 'ada') =>
  ask('POST', '/auth/password', { body: { username, password, ...(code !== undefined && { code }) } })

async function signedIn(): Promise<Headers> {
  const { status, cookie } = await byPassword()
  expect(status).toBe(200)
  return pageHeaders(cookie)
}

describe('local users', () => {
  it('sign in by password once there are some, with their own name and groups at the cluster', async () => {
    const seen: unknown[] = []
    fixture = await startFixture({
      ...quick,
      api: (request, response) => {
        seen.push([request.headers['impersonate-user'], request.headers['impersonate-group']])
        response.end('{}')
      },
    })
    const methods = async () => (await ask('GET', '/auth/methods')).json.methods
    expect(await methods()).toEqual([{ type: 'token' }, { type: 'link' }])
    await withUser({ groups: ['dev'] })
    expect(await methods()).toEqual([{ type: 'password' }, { type: 'token' }, { type: 'link' }])
    const headers = await signedIn()
    const { json } = await ask('GET', '/auth/session', { headers })
    expect(json).toMatchObject({ user: 'ada', groups: ['dev'], source: 'password', administrator: false })
    expect((await ask('GET', '/k8s/local/api', { headers })).status).toBe(200)
    expect(seen).toEqual([['ada', 'dev, system:authenticated']])
    expect((await ask('GET', '/auth/users', { headers })).status).toBe(403)
  })

  it('are told the same of a wrong name, a wrong password and a disabled user, and wait after some mistakes', async () => {
    let now = Date.now()
    fixture = await startFixture({ ...quick, clock: () => now })
    const headers = await withUser()
    const wrong = await byPassword('wrong')
    expect(wrong).toMatchObject({ status: 401, cookie: '' })
    expect((await byPassword(strong, undefined, 'nobody')).json).toEqual(wrong.json)
    await ask('PATCH', '/auth/users/ada', { headers, body: { disabled: true } })
    expect((await byPassword()).json).toEqual(wrong.json)
    await ask('PATCH', '/auth/users/ada', { headers, body: { disabled: false, unlock: true } })
    for (const username of ['ada', 'nobody-else']) {
      for (let at = 0; at < 5; at += 1) expect((await byPassword('wrong', undefined, username)).status).toBe(401)
      const locked = await byPassword(strong, undefined, username)
      expect([username, locked.status, locked.answer.headers['retry-after']]).toEqual([username, 429, '2'])
    }
    expect((await ask('GET', '/auth/users', { headers })).json.users[0].lockedUntil).toBeDefined()
    now += 3_000
    expect((await byPassword()).status).toBe(200)
    expect(fixture.logged().filter(({ action }) => action === 'lock-out')).toHaveLength(2)
    expect(JSON.stringify(fixture.logged())).not.toContain(strong)
  })

  it('are refused weak passwords, unfit names and another one of the same name, on the field that is wrong', async () => {
    fixture = await startFixture(quick)
    const headers = await withUser()
    const create = async (body: object) =>
      ask('POST', '/auth/users', { headers, body: { password: strong, name: 'bob', ...body } })
    const weak = await create({ password: 'password1234' })
    expect(weak).toMatchObject({ status: 422, json: { details: { causes: [{ field: 'password' }] } } })
    for (const name of ['Bob', 'a b', '-bob', 'a'.repeat(64), '../x', '__proto__']) {
      expect([name, (await create({ name })).status]).toEqual([name, 422])
    }
    expect((await create({ groups: ['system:masters'] })).status).toBe(422)
    expect((await create({ name: 'ada' })).status).toBe(409)
    expect((await create({ more: true })).status).toBe(422)
  })

  it('must choose a new password first when they are told to, and their other sessions end with the old one', async () => {
    fixture = await startFixture(quick)
    await withUser({ mustChangePassword: true })
    const [here, there] = [await signedIn(), await signedIn()]
    const refused = await ask('GET', '/k8s/local/api', { headers: here })
    expect(refused.json).toMatchObject({ code: 403, details: { causes: [{ reason: 'PasswordChangeRequired' }] } })
    expect((await ask('GET', '/auth/session', { headers: here })).json.mustChangePassword).toBe(true)
    expect((await ask('GET', '/auth/api-tokens', { headers: here })).status).toBe(403)
    const change = (current: string, next: string) =>
      ask('POST', '/auth/profile/password', { headers: here, body: { current, next } })
    expect((await change('wrong', 'quattro gatti neri')).status).toBe(403)
    expect((await change(strong, strong)).status).toBe(422)
    expect((await change(strong, 'quattro gatti neri')).status).toBe(204)
    expect((await ask('GET', '/k8s/local/api', { headers: here })).status).toBe(200)
    const ended = await ask('GET', '/k8s/local/api', { headers: there })
    expect(ended.json).toMatchObject({ code: 401, details: { causes: [{ reason: 'SessionRevoked' }] } })
    expect((await byPassword()).status).toBe(401)
    expect((await byPassword('quattro gatti neri')).status).toBe(200)
  })

  it('have a second factor once a code proved it, whose codes count once', async () => {
    let now = Date.now()
    fixture = await startFixture({ ...quick, clock: () => now })
    await withUser()
    const headers = await signedIn()
    const { secret } = (await ask('POST', '/auth/profile/totp', { headers })).json
    expect((await byPassword()).status).toBe(200)
    const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now })
    expect((await ask('PUT', '/auth/profile/totp', { headers, body: { code: '000' } })).status).toBe(422)
    const { recoveryCodes } = (await ask('PUT', '/auth/profile/totp', { headers, body: { code: code() } })).json
    const wanted = await byPassword()
    expect(wanted.json).toMatchObject({ code: 401, details: { causes: [{ reason: 'CodeRequired' }] } })
    // The code of the set-up has been used.
    expect((await byPassword(strong, code())).status).toBe(401)
    now += 30_000
    const tries = await Promise.all([byPassword(strong, code()), byPassword(strong, code())])
    expect(tries.map(({ status }) => status).sort()).toEqual([200, 401])
    expect((await byPassword(strong, recoveryCodes[0])).status).toBe(200)
    expect((await byPassword(strong, recoveryCodes[0])).status).toBe(401)
    const security = await ask('GET', '/auth/profile/security', { headers })
    expect(security.json).toEqual({ password: true, totp: true, recoveryCodesLeft: 9 })
    const remove = (password: string) => ask('DELETE', '/auth/profile/totp', { headers, body: { password } })
    expect((await remove('wrong')).status).toBe(403)
    expect((await remove(strong)).status).toBe(204)
    expect((await byPassword()).status).toBe(200)
  })

  it('lose sessions, streams and tokens at once when they are disabled or deleted; a new one of the name has none', async () => {
    fixture = await startFixture(quick)
    const admin = await withUser()
    const headers = await signedIn()
    await ask('PUT', '/auth/profile', { headers, body: { sshKeys: [{ name: 'k', key: 'ssh-ed25519 AAAA' }] } })
    const token = { name: 'ci', expiresInDays: 1, readOnly: false }
    const { secret } = (await ask('POST', '/auth/api-tokens', { headers, body: token })).json
    const byToken = async () =>
      (await ask('GET', '/k8s/local/api', { headers: { authorization: `Bearer ${secret}` } })).status
    expect(await byToken()).toBe(200)
    const live = openSocket(fixture, '/live', headers)
    const ended = endOf(live)
    await new Promise((resolve) => live.once('open', resolve))
    await ask('PATCH', '/auth/users/ada', { headers: admin, body: { disabled: true } })
    expect(await ended).toMatchObject({ code: 4401 })
    expect((await ask('GET', '/auth/session', { headers })).status).toBe(401)
    expect(await byToken()).toBe(401)
    expect((await ask('DELETE', '/auth/users/ada', { headers: admin })).status).toBe(204)
    await ask('POST', '/auth/users', {
      headers: admin,
      body: { name: 'ada', password: strong, mustChangePassword: false },
    })
    expect(await byToken()).toBe(401)
    const anew = await signedIn()
    expect((await ask('GET', '/auth/profile', { headers: anew })).json.sshKeys).toEqual([])
    expect((await ask('GET', '/auth/api-tokens', { headers: anew })).json.tokens).toEqual([])
  })

  it('who administer keep others, and cannot lock themselves out', async () => {
    fixture = await startFixture(quick)
    await withUser({ administrator: true })
    const headers = await signedIn()
    const change = async (body: object) => (await ask('PATCH', '/auth/users/ada', { headers, body })).status
    expect(await change({ disabled: true })).toBe(409)
    expect(await change({ administrator: false })).toBe(409)
    expect((await ask('DELETE', '/auth/users/ada', { headers })).status).toBe(409)
    expect(await change({ displayName: 'Ada' })).toBe(200)
    expect((await ask('GET', '/auth/users', { headers })).json.users).toMatchObject([
      { name: 'ada', displayName: 'Ada' },
    ])
  })
})

describe('sessions', () => {
  it('are listed with when and where, and ended one by one or all others, each with its streams', async () => {
    fixture = await startFixture(quick)
    await withUser()
    const [one, other, third] = [await signedIn(), await signedIn(), await signedIn()]
    const { sessions } = (await ask('GET', '/auth/sessions', { headers: one })).json
    expect(sessions).toHaveLength(3)
    const [latest] = sessions
    expect(latest).toMatchObject({ source: 'password', address: '127.0.0.1', current: false })
    const live = openSocket(fixture, '/live', third)
    const ended = endOf(live)
    await new Promise((resolve) => live.once('open', resolve))
    expect((await ask('DELETE', `/auth/sessions/${latest.id}`, { headers: one })).status).toBe(204)
    await eventually(() => ended)
    expect(await ended).toMatchObject({ code: 4401 })
    expect((await ask('GET', '/auth/session', { headers: third })).status).toBe(401)
    // Nobody ends another person's.
    const admin = (await signIn(fixture)).headers
    expect((await ask('DELETE', `/auth/sessions/${sessions[1].id}`, { headers: admin })).status).toBe(404)
    expect((await ask('DELETE', '/auth/sessions', { headers: one })).status).toBe(204)
    expect((await ask('GET', '/auth/session', { headers: other })).status).toBe(401)
    expect((await ask('GET', '/auth/session', { headers: one })).status).toBe(200)
  })

  it('are the same at two replicas on one set of records: known to both, and over at both', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'chiave-records-'))
    const records = createFileRecordStore({ directory, log: silentLog })
    fixture = await startFixture({ ...quick, records })
    const second = await startFixture({ ...quick, records })
    await withUser()
    const headers = await signedIn()
    // The port is part of a cookie's name.
    const cookie = `chiave_session_${second.gateway.port}=${headers['cookie']?.split('=')[1]}`
    const there = { 'x-chiave-csrf': headers['x-chiave-csrf'] ?? '', cookie, origin: second.gateway.url }
    const live = openSocket(second, '/live', there)
    const ended = endOf(live)
    await new Promise((resolve) => live.once('open', resolve))
    expect((await ask('POST', '/auth/logout', { headers })).status).toBe(200)
    expect(await ended).toMatchObject({ code: 4401 })
    expect((await call(second, { path: '/auth/session', headers: there })).status).toBe(401)
    await second.stop()
    await records.close()
    await rm(directory, { recursive: true })
  })
})

const reviewing: RequestListener = (request, response) => {
  const known = request.headers.authorization === 'Bearer sa-token'
  response.statusCode = known ? 201 : 401
  const userInfo = { username: 'system:serviceaccount:dev:ci', groups: ['system:serviceaccounts'] }
  response.end(JSON.stringify(known ? { status: { userInfo } } : {}))
}

describe('a token of a cluster', () => {
  it('signs in as whom the cluster says, goes to it alone, and is kept readable nowhere', async () => {
    const seen: unknown[] = []
    fixture = await startFixture({
      api: (request, response) => {
        seen.push(request.headers.authorization)
        reviewing(request, response)
      },
    })
    expect((await ask('POST', '/auth/token', { body: { token: 'wrong' } })).status).toBe(401)
    expect((await ask('POST', '/auth/token', { body: { token: 'two words' } })).status).toBe(401)
    const { status, cookie } = await ask('POST', '/auth/token', { body: { token: ' sa-token\n' } })
    expect(status).toBe(200)
    const headers = await pageHeaders(cookie)
    const session = await ask('GET', '/auth/session', { headers })
    expect(session.json).toMatchObject({ user: 'system:serviceaccount:dev:ci', source: 'token', administrator: false })
    await fixture.restart()
    await ask('GET', '/k8s/local/api', { headers })
    expect(seen.at(-1)).toBe('Bearer sa-token')
    const directory = join(fixture.directory, 'console', 'records', 'sessions')
    for (const file of await readdir(directory)) {
      expect(await readFile(join(directory, file), 'utf8')).not.toContain('sa-token')
    }
    expect(JSON.stringify(fixture.logged())).not.toContain('sa-token')
    const token = { name: 'x', expiresInDays: 1, readOnly: true }
    expect((await ask('POST', '/auth/api-tokens', { headers, body: token })).status).toBe(409)
  })

  it('is not taken from a form of another site', async () => {
    fixture = await startFixture({ api: reviewing })
    const body = { token: 'sa-token' }
    expect((await ask('POST', '/auth/token', { headers: { origin: 'http://evil.example' }, body })).status).toBe(403)
    const text = { method: 'POST', path: '/auth/token', headers: { 'content-type': 'text/plain' } }
    expect((await call(fixture, { ...text, body: JSON.stringify(body) })).status).toBe(415)
  })
})

describe('a personal API token', () => {
  it('acts as its person until it expires or is removed, and reads only when it is for that', async () => {
    let now = Date.now()
    fixture = await startFixture({ ...quick, clock: () => now })
    await withUser()
    const headers = await signedIn()
    const create = async (readOnly: boolean) =>
      (await ask('POST', '/auth/api-tokens', { headers, body: { name: 'ci', expiresInDays: 2, readOnly } })).json
    const [reading, writing] = [await create(true), await create(false)]
    expect(reading.secret).toMatch(/^chiave_[\w-]{43}$/)
    const use = async (secret: string, method = 'GET', path = '/k8s/local/api/v1/pods') =>
      (await ask(method, path, { headers: { authorization: `Bearer ${secret}` } })).status
    expect(await use(reading.secret)).toBe(200)
    expect(await use(writing.secret, 'DELETE')).toBe(200)
    expect(await use(reading.secret, 'DELETE')).toBe(403)
    expect(await use(reading.secret, 'GET', '/k8s/local/api/v1/namespaces/a/pods/b/proxy/x')).toBe(403)
    expect(await use(reading.secret, 'POST', '/k8s/local/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).toBe(
      200,
    )
    expect(await use(`${reading.secret}x`)).toBe(401)
    // Tokens are for the API alone.
    expect(await use(writing.secret, 'GET', '/auth/sessions')).toBe(401)
    const list = async () => (await ask('GET', '/auth/api-tokens', { headers })).json.tokens
    const isUsed = (token: { lastUsedAt?: string }) => token.lastUsedAt !== undefined
    await eventually(async () => (await list()).every(isUsed)).toBe(true)
    const tokens = await list()
    expect(tokens).toMatchObject([{ name: 'ci' }, { name: 'ci' }])
    expect(JSON.stringify(tokens)).not.toContain('chiave_')
    expect((await ask('DELETE', `/auth/api-tokens/${reading.id}`, { headers })).status).toBe(204)
    expect(await use(reading.secret)).toBe(401)
    now += 2 * 24 * 60 * 60 * 1000 + 1
    expect(await use(writing.secret)).toBe(401)
  })
})

describe('a trusted proxy', () => {
  const trustedProxy = {
    peers: ['127.0.0.1/32'],
    userHeader: 'x-auth-user',
    groupsHeader: 'x-auth-groups',
    secret: 's'.repeat(20),
  }
  const proxied = { 'x-auth-user': 'ada', 'x-auth-groups': 'dev, ops', 'x-chiave-proxy-secret': trustedProxy.secret }

  it('says who people are, as long as it says so', async () => {
    const seen: unknown[] = []
    fixture = await startFixture({
      signIn: { trustedProxy, adminGroups: ['ops'] },
      api: (request, response) => {
        seen.push(request.headers)
        response.end('{}')
      },
    })
    const page = await ask('GET', '/c/local', { headers: proxied })
    expect(page.status).toBe(200)
    const { cookie } = page
    const { json } = await ask('GET', '/auth/session', { headers: { cookie, ...proxied } })
    expect(json).toMatchObject({ user: 'ada', groups: ['dev', 'ops'], source: 'proxy', administrator: true })
    expect((await ask('GET', '/k8s/local/api', { headers: { cookie, ...proxied } })).status).toBe(200)
    expect(seen.at(-1)).toMatchObject({ 'impersonate-user': 'ada' })
    expect(JSON.stringify(seen)).not.toContain('x-auth-user')
    // The cookie alone, past the proxy, is nothing; nor is it another person's.
    expect((await ask('GET', '/k8s/local/api', { headers: { cookie } })).status).toBe(401)
    const bob = { ...proxied, 'x-auth-user': 'bob' }
    expect((await ask('GET', '/k8s/local/api', { headers: { cookie, ...bob } })).status).toBe(401)
    const fewer = { ...proxied, 'x-auth-groups': 'dev' }
    const session = await ask('GET', '/auth/session', { headers: { cookie, ...fewer } })
    expect(session.json).toMatchObject({ groups: ['dev'], administrator: false })
  })

  it('is believed by its address and its secret alone', async () => {
    fixture = await startFixture({ signIn: { trustedProxy } })
    const signInWith = async (headers: Headers) => (await ask('POST', '/auth/proxy', { headers })).status
    expect(await signInWith(proxied)).toBe(200)
    expect(await signInWith({ ...proxied, 'x-chiave-proxy-secret': 'wrong' })).toBe(401)
    expect(await signInWith({ 'x-auth-user': 'ada' })).toBe(401)
    expect(await signInWith({ ...proxied, 'x-auth-user': '' })).toBe(401)
    await fixture.restart({ signIn: { trustedProxy: { ...trustedProxy, peers: ['192.0.2.0/24'] } } })
    expect(await signInWith(proxied)).toBe(401)
    await fixture.restart({ signIn: {} })
    expect(await signInWith(proxied)).toBe(404)
  })
})
