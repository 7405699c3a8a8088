import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { OidcProviderSettings } from '@/server/auth/oidc/oidc-settings'
import { type ProviderFixture, startProvider } from '@/server/auth/oidc/provider.fixture'
import { call, endOf, eventually, type GatewayFixture, openSocket, startFixture } from './gateway.fixture'

let fixture: GatewayFixture
let provider: ProviderFixture
afterEach(async () => {
  await fixture.stop()
  await provider.stop()
})

const clientSecret = 'a-secret-of-the-client'

interface StartOptions extends Partial<OidcProviderSettings> {
  ttl?: number
  kind?: 'kubeconfig'
}

/** The provider and, on a port that the provider knows, the console. `seen` has what reached the cluster. */
async function start({ ttl = 60, kind, ...more }: StartOptions = {}) {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  const port = typeof address === 'object' && address ? address.port : 0
  probe.close()
  await once(probe, 'close')
  const base = `http://127.0.0.1:${port}`
  provider = await startProvider({
    ...{ redirectUri: `${base}/auth/oidc/corp/callback`, postLogoutRedirectUri: `${base}/sign-in`, clientSecret, ttl },
  })
  const settings: OidcProviderSettings = {
    ...{ id: 'corp', displayName: 'Corp', issuer: provider.issuer, clientId: 'chiave', clientSecret },
    scopes: ['openid', 'email', 'groups', 'offline_access'],
    ...{ usernameClaim: 'email', groupsClaim: 'groups', usernamePrefix: 'corp:', groupsPrefix: 'corp:' },
    ...{ adminGroups: ['corp:ops'], tokenToCluster: false, allowInsecureIssuer: true },
    ...more,
  }
  const seen: (string | string[] | undefined)[][] = []
  fixture = await startFixture({
    port,
    signIn: { oidc: { providers: [settings] } },
    api: ({ headers }, response) => {
      seen.push([headers.authorization, headers['impersonate-user'], headers['impersonate-group']])
      response.end('{}')
    },
  })
  if (kind) {
    const { connection } = fixture
    await fixture.restart({
      connections: {
        get: () => connection,
        list: () => [{ name: 'local', displayName: 'A cluster', type: kind, connection }],
      },
    })
  }
  return { seen }
}

/** A browser: follows redirects between provider and console, and keeps the cookies of each. */
async function browse(url: string) {
  const cookies = new Map<string, Map<string, string>>()
  let next = url
  for (let hop = 0; hop < 12; hop += 1) {
    const { origin } = new URL(next)
    const jar = cookies.get(origin) ?? new Map<string, string>()
    cookies.set(origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie } })
    await answer.arrayBuffer()
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ''] = set.split(';', 1)
      const at = pair.indexOf('=')
      if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(set)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const location = answer.headers.get('location')
    if (location === null) return { url: next, status: answer.status, jar: jarOf(cookies) }
    next = new URL(location, next).href
    if (!next.startsWith(provider.issuer) && !next.includes('/auth/oidc/'))
      return { url: next, status: 303, jar: jarOf(cookies) }
  }
  throw new Error('too many redirects')
}

const jarOf = (cookies: Map<string, Map<string, string>>) =>
  cookies.get(fixture.gateway.url) ?? new Map<string, string>()

async function signInAt(path = '/c/local/virtual-machines?q=x') {
  const begin = `${fixture.gateway.url}/auth/oidc/corp/start?return=${encodeURIComponent(path)}`
  const { url, jar } = await browse(begin)
  const name = `chiave_session_${fixture.gateway.port}`
  const cookie = `${name}=${jar.get(name) ?? ''}`
  const session = await call(fixture, { path: '/auth/session', headers: { cookie } })
  const info = JSON.parse(session.body)
  const headers = { cookie, 'x-chiave-csrf': String(info.csrfToken), origin: fixture.gateway.url }
  return { url, info, headers, jar }
}

const api = (headers: Record<string, string>) => call(fixture, { path: '/k8s/local/api', headers })

describe('signing in with an identity provider', () => {
  it('ends where it began, as the person and groups that the provider names, and keeps no token readable', async () => {
    const { seen } = await start()
    const methods = JSON.parse((await call(fixture, { path: '/auth/methods' })).body)
    expect(methods.methods).toContainEqual({ type: 'oidc', id: 'corp', displayName: 'Corp' })
    const { url, info, headers } = await signInAt()
    expect(url).toBe(`${fixture.gateway.url}/c/local/virtual-machines?q=x`)
    expect(info).toMatchObject({
      user: 'corp:ada@corp.example',
      groups: ['corp:dev'],
      source: 'oidc',
      administrator: false,
    })
    expect((await api(headers)).status).toBe(200)
    expect(seen.at(-1)).toEqual(['Bearer console-token', 'corp:ada@corp.example', 'corp:dev, system:authenticated'])
    const directory = join(fixture.directory, 'console', 'records', 'sessions')
    for (const file of await readdir(directory)) {
      expect(await readFile(join(directory, file), 'utf8')).not.toMatch(/refreshToken|eyJ/)
    }
    provider.claims.groups = ['ops', 'system:masters']
    expect((await signInAt()).info).toMatchObject({ administrator: true, groups: ['corp:ops', 'corp:system:masters'] })
  })

  it('leads nowhere but to pages of the console', async () => {
    await start()
    for (const path of ['//evil.example/', 'http://evil.example/', '/\\evil.example', '/auth/logout']) {
      expect((await signInAt(path)).url).toBe(`${fixture.gateway.url}/`)
    }
  })

  it('takes no answer that this very browser did not ask for, and none twice', async () => {
    await start()
    const begin = await fetch(`${fixture.gateway.url}/auth/oidc/corp/start`, { redirect: 'manual' })
    const pending = begin.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
    const state = new URL(begin.headers.get('location') ?? '').searchParams.get('state')
    const back = async (cookie: string, query: string) => {
      const answer = await call(fixture, { path: `/auth/oidc/corp/callback?${query}`, headers: { cookie } })
      return answer.headers.location
    }
    expect(await back('', `code=x&state=${state}`)).toBe('/sign-in?error=oidc-expired')
    expect(await back(pending, 'code=x&state=other')).toBe('/sign-in?error=oidc-expired')
    expect(await back(pending, `code=x&state=${state}`)).toBe('/sign-in?error=oidc-failed')
    expect(await back(pending, `error=access_denied&state=${state}`)).toBe('/sign-in?error=oidc-denied')
  })

  it('is refused to who may not, and says so when the provider is away', async () => {
    await start()
    provider.mood = 'deny'
    expect((await browse(`${fixture.gateway.url}/auth/oidc/corp/start?return=/profile`)).url).toMatch(
      /\/sign-in\?error=oidc-denied&next=%2Fprofile$/,
    )
    provider.mood = 'well'
    provider.claims.email_verified = false
    expect((await browse(`${fixture.gateway.url}/auth/oidc/corp/start`)).url).toMatch(/error=oidc-refused$/)
    await fixture.restart()
    provider.mood = 'away'
    expect((await browse(`${fixture.gateway.url}/auth/oidc/corp/start`)).url).toMatch(/error=oidc-unreachable$/)
  })

  it('signs out at the provider too', async () => {
    await start()
    const { headers } = await signInAt()
    const answer = await call(fixture, { method: 'POST', path: '/auth/logout', headers })
    const redirect = new URL(JSON.parse(answer.body).redirect)
    expect(redirect.origin).toBe(provider.issuer)
    expect(redirect.searchParams.get('post_logout_redirect_uri')).toBe(`${fixture.gateway.url}/sign-in`)
    expect(redirect.searchParams.get('id_token_hint')).toMatch(/^eyJ/)
    expect((await api(headers)).status).toBe(401)
  })
})

describe('what a provider vouches for', () => {
  it('is renewed before it runs out, with new groups, while streams and clusters get the new token', async () => {
    const { seen } = await start({ tokenToCluster: true, ttl: 3, kind: 'kubeconfig' })
    const { headers } = await signInAt()
    expect((await api(headers)).status).toBe(200)
    const first = seen.at(-1)?.[0]
    expect(first).toMatch(/^Bearer eyJ/)
    provider.claims.groups = ['qa']
    await eventually(() => provider.asked).toContain('refresh_token')
    await eventually(
      async () => JSON.parse((await call(fixture, { path: '/auth/session', headers })).body).groups,
    ).toEqual(['corp:qa'])
    expect((await api(headers)).status).toBe(200)
    expect(seen.at(-1)?.[0]).not.toBe(first)
  })

  it('is renewed after a restart when it had run out meanwhile', async () => {
    await start({ ttl: 2 })
    const { headers } = await signInAt()
    await fixture.gateway.close()
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    await fixture.restart()
    expect((await api(headers)).status).toBe(200)
    expect(provider.asked).toEqual(['authorization_code', 'refresh_token'])
  })

  it('ends the session with the reason when the provider refuses, at its streams too', async () => {
    await start({ ttl: 2 })
    const { headers } = await signInAt()
    const live = openSocket(fixture, '/live', headers)
    const ended = endOf(live)
    await once(live, 'open')
    provider.mood = 'refuse'
    expect(await ended).toMatchObject({ code: 4401 })
    const answer = await api(headers)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 401,
      details: { causes: [{ reason: 'ProviderSessionEnded' }] },
    })
  })

  it('is waited for when the provider is away: the session stays, and goes on when it is back', async () => {
    await start({ ttl: 2 })
    const { headers } = await signInAt()
    provider.mood = 'away'
    await eventually(async () => (await api(headers)).status).toBe(503)
    provider.mood = 'well'
    await eventually(async () => (await api(headers)).status).toBe(200)
  })
})
