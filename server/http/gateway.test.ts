import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import {
  call,
  currentToken,
  endOf,
  type GatewayFixture,
  open,
  openSocket,
  signIn,
  startFixture,
  useLink,
} from './gateway.fixture'
import { ListenError } from './listen'

let fixture: GatewayFixture
afterEach(() => fixture.stop())

const hour = 60 * 60 * 1000

describe('signing in', () => {
  it('takes a link once, and puts a fresh one in its place at once', async () => {
    fixture = await startFixture()
    const token = await currentToken(fixture)
    expect(fixture.gateway.loginUrl).toBe(`${fixture.gateway.url}/auth/login?token=${token}`)
    expect((await stat(fixture.loginUrlFile)).mode & 0o777).toBe(0o600)
    const first = await useLink(fixture, token)
    expect(first.status).toBe(303)
    expect(first.headers.location).toBe('/')
    expect(first.headers['set-cookie']?.[0]).toMatch(
      /^chiave_session_\d+=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
    )
    const second = await useLink(fixture, token)
    expect(second.headers.location).toBe('/sign-in?error=link')
    expect(second.headers['set-cookie']).toBeUndefined()
    expect(await currentToken(fixture)).not.toBe(token)
    expect((await useLink(fixture, await currentToken(fixture))).headers['set-cookie']).toBeDefined()
  })

  it('does not use a link up by looking at it, as programs that preview links do', async () => {
    fixture = await startFixture()
    const token = await currentToken(fixture)
    for (const method of ['GET', 'HEAD', 'GET']) {
      const page = await call(fixture, { method, path: `/auth/login?token=${token}` })
      expect(page.status).toBe(200)
      expect(page.headers['set-cookie']).toBeUndefined()
    }
    const page = await call(fixture, {
      path: `/auth/login?token=${token}`,
      headers: { 'accept-language': 'it-IT,en;q=0.5' },
    })
    const nonce = /'nonce-([\w-]+)'/.exec(String(page.headers['content-security-policy']))?.[1]
    expect(page.body).toContain(`<script nonce="${nonce}">`)
    expect(page.body).toContain('<html lang="it">')
    expect((await useLink(fixture, token)).headers['set-cookie']).toBeDefined()
  })

  it('lets no markup into its page', async () => {
    fixture = await startFixture()
    const page = await call(fixture, { path: `/auth/login?token=${encodeURIComponent('"><script>alert(1)</script>')}` })
    expect(page.body).not.toContain('alert(1)')
  })

  it('refuses a form that another site sent, and too many attempts', async () => {
    fixture = await startFixture()
    const token = await currentToken(fixture)
    expect((await useLink(fixture, token, { origin: 'http://evil.example' })).status).toBe(403)
    expect((await useLink(fixture, token, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await useLink(fixture, 'wrong')).status).toBe(303)
    expect((await useLink(fixture, token)).status).toBe(429)
  })

  it('tells a page who is signed in, and survives a restart; a link does not', async () => {
    fixture = await startFixture()
    const { cookie, info } = await signIn(fixture)
    expect(info).toMatchObject({
      user: 'admin',
      groups: ['system:masters'],
      clusters: [{ name: 'local', displayName: 'This host' }],
      version: '1.2.3',
    })
    const records = join(fixture.directory, 'console', 'records', 'sessions')
    const [record = ''] = await readdir(records)
    expect(record).toMatch(/^[0-9a-f]{64}\.json$/)
    expect(await readFile(join(records, record), 'utf8')).not.toContain(cookie.split('=')[1])
    const token = await currentToken(fixture)
    await fixture.restart()
    expect((await call(fixture, { path: '/auth/session', headers: { cookie } })).status).toBe(200)
    expect((await useLink(fixture, token)).headers['set-cookie']).toBeUndefined()
  })

  it('ends after 8 idle hours, after 7 days of use, and by signing out', async () => {
    let now = Date.now()
    fixture = await startFixture({ clock: () => now })
    const visit = async (cookie: string) =>
      (await call(fixture, { path: '/k8s/local/api', headers: { cookie } })).status
    const { cookie } = await signIn(fixture)
    now += 7.9 * hour
    expect(await visit(cookie)).toBe(200)
    now += 7.9 * hour
    expect(await visit(cookie)).toBe(200)
    now += 8.1 * hour
    expect(await visit(cookie)).toBe(401)

    const used = (await signIn(fixture)).cookie
    for (let elapsed = 0; elapsed < 7 * 24 - 7; elapsed += 7) {
      now += 7 * hour
      expect(await visit(used)).toBe(200)
    }
    now += 7 * hour
    expect(await visit(used)).toBe(401)

    const { headers } = await signIn(fixture)
    expect((await call(fixture, { method: 'POST', path: '/auth/logout', headers })).status).toBe(200)
    expect(await visit(headers.cookie)).toBe(401)
    await fixture.restart()
    expect(await visit(headers.cookie)).toBe(401)
  })

  it('starts anew when the record of a session is damaged', async () => {
    fixture = await startFixture()
    const { cookie } = await signIn(fixture)
    await fixture.gateway.close()
    const records = join(fixture.directory, 'console', 'records', 'sessions')
    const [record = ''] = await readdir(records)
    await writeFile(join(records, record), '{"version":1,"sess')
    await fixture.restart()
    expect((await call(fixture, { path: '/auth/session', headers: { cookie } })).status).toBe(401)
  })
})

describe('what a browser may do with a session', () => {
  it('is nothing that changes something without the token of our own pages', async () => {
    fixture = await startFixture()
    const { headers, cookie } = await signIn(fixture)
    const change = (sent: Record<string, string>) =>
      call(fixture, { method: 'POST', path: '/k8s/local/api/v1/namespaces', headers: sent, body: '{}' })
    expect((await change(headers)).status).toBe(200)
    expect((await change({ cookie, origin: headers.origin })).status).toBe(403)
    expect((await change({ ...headers, 'x-chiave-csrf': 'wrong' })).status).toBe(403)
    expect((await change({ ...headers, origin: 'http://evil.example' })).status).toBe(403)
    expect((await change({ ...headers, origin: 'null' })).status).toBe(403)
    // Another program on this host is another origin, though the same site.
    expect((await change({ ...headers, origin: 'http://127.0.0.1:1' })).status).toBe(403)
    expect((await change({ ...headers, 'sec-fetch-site': 'same-site' })).status).toBe(403)
    const refused = JSON.parse((await change({ cookie })).body)
    expect(refused).toMatchObject({ kind: 'Status', reason: 'Forbidden', code: 403 })
  })

  it('is nothing for another origin’s page: no reading, no streams', async () => {
    fixture = await startFixture()
    const { cookie } = await signIn(fixture)
    const read = (headers: Record<string, string>) =>
      call(fixture, { path: '/k8s/local/api', headers: { cookie, ...headers } })
    expect((await read({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await read({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await read({ 'sec-fetch-site': 'none' })).status).toBe(200)
    for (const path of ['/live', '/consoles/local/default/a/vnc', '/k8s/local/api/v1/exec']) {
      expect(await endOf(openSocket(fixture, path, { cookie, origin: 'http://evil.example' }))).toEqual({ status: 403 })
      expect(await endOf(openSocket(fixture, path, { cookie }))).toEqual({ status: 403 })
      expect(await endOf(openSocket(fixture, path, { origin: fixture.gateway.url }))).toEqual({ status: 401 })
    }
  })

  it('works through a forwarded port and behind a proxy that speaks TLS', async () => {
    fixture = await startFixture()
    const { headers } = await signIn(fixture)
    const change = (host: string, origin: string) =>
      call(fixture, { method: 'DELETE', path: '/k8s/local/api/v1/x', headers: { ...headers, host, origin } })
    expect((await change('localhost:9000', 'http://localhost:9000')).status).toBe(200)
    expect((await change('console.example', 'https://console.example')).status).toBe(200)
    expect((await change('localhost:9000', 'https://localhost:9000')).status).toBe(403)
  })
})

describe('without sign-in', () => {
  it('nothing is reachable but health, sign-in and static files', async () => {
    fixture = await startFixture()
    const status = async (path: string, method = 'GET') => (await call(fixture, { path, method })).status
    expect(await status('/')).toBe(303)
    expect((await call(fixture, { path: '/' })).headers.location).toBe('/sign-in')
    const deep = await call(fixture, { path: '/c/local/vm?tab=yaml' })
    expect(deep.headers.location).toBe('/sign-in?next=%2Fc%2Flocal%2Fvm%3Ftab%3Dyaml')
    expect(await status('/k8s/local/api')).toBe(401)
    expect(await status('/k8s')).toBe(401)
    expect(await status('/auth/session')).toBe(401)
    expect(await status('/live')).toBe(426)
    expect(await status('/_next/image')).toBe(303)
    expect(await status('/', 'POST')).toBe(405)
    for (const path of ['/healthz', '/readyz', '/sign-in', '/_next/static/a.js', '/favicon.ico', '/metrics']) {
      expect([path, await status(path)]).toEqual([path, 200])
    }
  })

  it('a readiness check that fails is told by name alone', async () => {
    const readiness = {
      cluster: async () => undefined,
      disk: () => Promise.reject(new Error('secret path')),
    }
    fixture = await startFixture({ readiness })
    const answer = await call(fixture, { path: '/readyz' })
    expect(answer).toMatchObject({ status: 503, body: '[+]cluster ok\n[-]disk failed\nnot ready\n' })
  })

  it('metrics are for this host, or for who has the token', async () => {
    fixture = await startFixture({ metricsToken: 'prom' })
    const read = async (headers = {}) => (await call(fixture, { path: '/metrics', headers })).status
    expect(await read()).toBe(200)
    // Through a proxy on this host comes anyone.
    expect(await read({ 'x-forwarded-for': '192.0.2.1' })).toBe(401)
    expect(await read({ 'x-forwarded-for': '192.0.2.1', authorization: 'Bearer prom' })).toBe(200)
    const text = (await call(fixture, { path: '/metrics' })).body
    expect(text).toContain('chiave_http_requests_total{route="metrics",method="GET",code="2xx"}')
  })

  it('a name that is not ours is answered to by nobody (DNS rebinding)', async () => {
    fixture = await startFixture()
    const { cookie } = await signIn(fixture)
    const as = async (host: string, path = '/k8s/local/api') =>
      (await call(fixture, { path, headers: { cookie, host } })).status
    expect(await as('evil.example')).toBe(421)
    expect(await as('evil.example', '/healthz')).toBe(421)
    expect(await as('127.0.0.1.evil.example')).toBe(421)
    expect(await as('localhost.evil.example:8006')).toBe(421)
    for (const host of ['localhost', '192.0.2.9:80', '[::1]:8006', 'Console.Example', 'console.example.:443']) {
      expect([host, await as(host)]).toEqual([host, 200])
    }
    const origin = 'http://evil.example'
    const socket = openSocket(fixture, '/live', { cookie, origin, host: 'evil.example' })
    expect(await endOf(socket)).toEqual({ status: 421 })
  })
})

describe('a page', () => {
  it('gets a nonce of its own on request and answer, and no claims of the client', async () => {
    fixture = await startFixture({
      page: (request, response) => {
        response.end(JSON.stringify(request.headers))
      },
    })
    const { cookie } = await signIn(fixture)
    const headers = {
      cookie,
      'x-nonce': 'mine',
      'content-security-policy': 'script-src *',
      'x-forwarded-host': 'evil.example',
      'x-middleware-subrequest': 'middleware',
      authorization: 'Basic abc',
    }
    const [one, other] = [await call(fixture, { path: '/', headers }), await call(fixture, { path: '/', headers })]
    const seen = JSON.parse(one.body)
    const policy = String(one.headers['content-security-policy'])
    expect(policy).toContain(`script-src 'self' 'nonce-${seen['x-nonce']}' 'strict-dynamic';`)
    expect(seen['content-security-policy']).toBe(policy)
    expect(policy).not.toContain('unsafe-eval')
    expect(other.headers['content-security-policy']).not.toBe(policy)
    for (const name of ['x-forwarded-host', 'x-middleware-subrequest', 'authorization']) {
      expect(seen).not.toHaveProperty(name)
    }
    expect(one.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cache-control': 'private, no-store',
    })
    expect(one.headers['x-request-id']).not.toBe(other.headers['x-request-id'])
  })

  it('that fails says so with the id that the log has', async () => {
    fixture = await startFixture({ page: () => Promise.reject(new Error('boom')) })
    const { cookie } = await signIn(fixture)
    const answer = await call(fixture, { path: '/', headers: { cookie } })
    expect(answer.status).toBe(500)
    const id = answer.headers['x-request-id']
    expect(answer.body).toContain(id)
    expect(answer.body).not.toContain('boom')
    expect(fixture.logged().some((line) => line['requestId'] === id && line['level'] === 50)).toBe(true)
  })
})

describe('the server', () => {
  it('says in one sentence that a port is taken', async () => {
    fixture = await startFixture()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    await fixture.gateway.close()
    const failure: unknown = await fixture.restart({ port: port ?? 0 }).catch((error: unknown) => error)
    other.close()
    expect(failure).toBeInstanceOf(ListenError)
    expect(failure).toMatchObject({ code: 'EADDRINUSE', message: expect.stringContaining(`127.0.0.1:${port}`) })
  })

  it('closes within 5 s with live streams, consoles, watches and idle connections open', async () => {
    fixture = await startFixture({
      api: (_request, response) => {
        response.writeHead(200).flushHeaders()
      },
    })
    fixture.upstream.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')
      socket.on('error', () => undefined)
    })
    const { headers } = await signIn(fixture)
    const live = openSocket(fixture, '/live', headers)
    await once(live, 'open')
    // Neither answers a close frame: a browser that hangs, and a stream that is no WebSocket we would understand.
    live.pause()
    const raw = connect(fixture.gateway.port, '127.0.0.1')
    raw.write(
      `GET /k8s/local/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer t\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
    )
    expect(String((await once(raw, 'data'))[0])).toMatch(/^HTTP\/1.1 101 /)
    const watch = await open(fixture, { path: '/k8s/local/api?watch=1', headers })
    watch.on('error', () => undefined)
    const idle = connect(fixture.gateway.port, '127.0.0.1')
    await once(idle, 'connect')
    const startedAt = performance.now()
    await fixture.gateway.close()
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    live.terminate()
    raw.destroy()
  })

  it('holds no body that nobody reads, and no head that grows too large', async () => {
    fixture = await startFixture()
    const large = await call(fixture, { path: '/', headers: { 'x-large': 'x'.repeat(40_000) } })
    expect(large.status).toBe(431)
    const refused = await call(fixture, { method: 'POST', path: '/k8s/local/api', body: 'x'.repeat(100_000) })
    expect(refused).toMatchObject({ status: 401, headers: { connection: 'close' } })
  })

  it('speaks TLS with a cookie that is bound to the host', async () => {
    fixture = await startFixture()
    const certificates = await ensureCertificates({ directory: join(fixture.directory, 'tls'), hosts: [] })
    await fixture.restart({ tls: await certificates.server('console') })
    expect(fixture.gateway.url).toMatch(/^https:/)
    const { request } = await import('node:https')
    const answer = await new Promise<string[] | undefined>((resolve, reject) => {
      const body = `token=${new URL(fixture.gateway.loginUrl).searchParams.get('token')}`
      const headers = { origin: fixture.gateway.url, 'content-length': body.length }
      request(
        `${fixture.gateway.url}/auth/login`,
        { method: 'POST', ca: certificates.ca.cert, headers, agent: false },
        (response) => {
          response.resume()
          resolve(response.headers['set-cookie'])
        },
      )
        .on('error', reject)
        .end(body)
    })
    expect(answer?.[0]).toMatch(/^__Host-chiave_session_\d+=.*; Path=\/; .*; Secure$/)
  })
})
