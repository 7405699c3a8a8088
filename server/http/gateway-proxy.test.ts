import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  call,
  endOf,
  type GatewayFixture,
  open,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
let person: SignedIn
/** What the API server does in the test that runs. */
let api: RequestListener
const seen: IncomingMessage[] = []

beforeEach(async () => {
  seen.length = 0
  api = (_request, response) => response.end('{}')
  fixture = await startFixture({
    api: (request, response) => {
      seen.push(request)
      api(request, response)
    },
  })
  person = await signIn(fixture)
})
afterEach(() => fixture.stop())

const get = (path: string, headers = {}) => call(fixture, { path, headers: { ...person.headers, ...headers } })

/** Sends bytes as they are; resolves with all that came back until the server closes or is quiet. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(fixture.gateway.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => undefined)
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), sleep(500)])
  socket.destroy()
  return answer
}

describe('the API through the gateway', () => {
  it('is called as the person, with nothing of the browser’s secrets or claims', async () => {
    await get('/k8s/local/api/v1/nodes?limit=5', {
      'impersonate-user': 'root',
      'impersonate-group': 'system:masters',
      'impersonate-extra-scopes': 'x',
      'x-remote-user': 'root',
      'x-forwarded-for': '192.0.2.1',
      connection: 'keep-alive, x-secret-hop',
      'x-secret-hop': 'y',
      accept: 'application/json;as=Table',
    })
    const request = seen.at(-1)
    expect(request?.url).toBe('/api/v1/nodes?limit=5')
    expect(request?.headers).toEqual({
      accept: 'application/json;as=Table',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      authorization: 'Bearer console-token',
      'impersonate-user': 'admin',
      'impersonate-group': 'system:masters, system:authenticated',
      host: 'kubernetes.default.svc',
      connection: 'keep-alive',
    })
  })

  it('takes a bearer token as that person’s own, without cookie or CSRF token', async () => {
    const headers = { authorization: 'Bearer theirs' }
    const answer = await call(fixture, { method: 'POST', path: '/k8s/local/api/v1/x', headers, body: '{}' })
    expect(answer.status).toBe(200)
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer theirs')
    expect(seen.at(-1)?.headers).not.toHaveProperty('impersonate-user')
    expect((await call(fixture, { path: '/k8s/local/api', headers: { authorization: 'Basic eA==' } })).status).toBe(401)
  })

  it('passes a watch on event by event, and its end', async () => {
    let push = (_line: string) => {}
    let end = () => {}
    api = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      push = (line) => response.write(line)
      end = () => response.end()
    }
    const watch = await open(fixture, { path: '/k8s/local/api/v1/pods?watch=1', headers: person.headers })
    expect(watch.statusCode).toBe(200)
    for (const line of ['one\n', 'two\n']) {
      push(line)
      expect(String((await once(watch, 'data'))[0])).toBe(line)
    }
    end()
    await once(watch, 'end')
    expect(watch.complete).toBe(true)
  })

  it('lets go of the API server when the client leaves, and cuts the client when the API server breaks', async () => {
    const left = new Promise<void>((resolve) => {
      api = (request, response) => {
        response.writeHead(200).flushHeaders()
        request.socket.once('close', () => resolve())
      }
    })
    const watch = await open(fixture, { path: '/k8s/local/watch', headers: person.headers })
    watch.destroy()
    await left
    api = (request, response) => {
      response.write('half')
      setImmediate(() => request.socket.destroy())
    }
    const broken = await open(fixture, { path: '/k8s/local/broken', headers: person.headers })
    await expect(text(broken)).rejects.toThrow(/aborted/)
  })

  it('lets a slow client hold the API server back, and a slow API server the client', async () => {
    let written = 0
    const chunk = Buffer.alloc(256 * 1024)
    api = (_request, response) => {
      const push = () => {
        while (written < 256 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', push)
        }
      }
      push()
    }
    const slow = await open(fixture, { path: '/k8s/local/large', headers: person.headers })
    await sleep(300)
    expect(written).toBeLessThan(64 * 1024 * 1024)
    slow.destroy()
  })

  it('answers in Kubernetes’ form when there is no such cluster or its server is away', async () => {
    const unknown = await get('/k8s/other/api')
    expect(JSON.parse(unknown.body)).toMatchObject({ kind: 'Status', code: 404, reason: 'NotFound' })
    fixture.upstream.closeAllConnections()
    await new Promise((resolve) => fixture.upstream.close(resolve))
    const away = await get('/k8s/local/api')
    expect(away.status).toBe(503)
    expect(away.headers['retry-after']).toBe('1')
    expect(JSON.parse(away.body)).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'ServiceUnavailable',
      message:
        'The API server of cluster "local" cannot be reached: it is not running. It may be starting; try again in a moment.',
    })
    expect(away.body).not.toContain(fixture.directory)
  })

  it('forwards no path that two parsers might read differently', async () => {
    const before = seen.length
    for (const path of ['/k8s/local/../../metrics', '/k8s/local/%2e%2e/x', '/k8s/local/a%2fb', '/k8s/local//api']) {
      const answer = await get(path)
      expect([path, answer.status]).toEqual([path, 400])
      expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'BadRequest' })
    }
    expect(seen).toHaveLength(before)
  })

  it('lets no second request hide in a first one', async () => {
    const head = `host: localhost\r\ncookie: ${person.cookie}\r\n`
    const hidden = 'GET /k8s/local/hidden HTTP/1.1\r\nhost: localhost\r\n\r\n'
    const attempts = [
      `POST /k8s/local/a HTTP/1.1\r\n${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /k8s/local/a HTTP/1.1\r\n${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello${hidden}`,
      `POST /k8s/local/a HTTP/1.1\r\n${head}transfer-encoding: chunked, identity\r\n\r\n${hidden}`,
      `GET /k8s/local/a HTTP/1.1\r\n${head}x : y\r\n\r\n`,
      `GET /k8s/local/a HTTP/1.1\r\n${head}host: evil.example\r\n\r\n`,
      `GET http://evil.example/k8s/local/a HTTP/1.1\r\n${head}\r\n`,
      `CONNECT /k8s/local/a HTTP/1.1\r\n${head}\r\n`,
    ]
    for (const attempt of attempts) expect(await raw(attempt)).not.toMatch(/HTTP\/1\.1 2/)
    expect(seen.map(({ url }) => url)).toEqual([])
  })

  it('keeps what a pod serves through the API from acting in our name', async () => {
    api = (_request, response) => {
      response.writeHead(302, {
        'content-type': 'text/html',
        'set-cookie': 'chiave_session_1=stolen',
        'content-security-policy': "default-src *; script-src 'unsafe-inline' *",
        'access-control-allow-origin': '*',
        'service-worker-allowed': '/',
        location: 'https://evil.example/',
      })
      response.end('<script>alert(1)</script>')
    }
    const answer = await get('/k8s/local/api/v1/namespaces/a/services/b/proxy/')
    expect(answer.headers['content-security-policy']).toBe("sandbox; default-src 'none'; frame-ancestors 'none'")
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    for (const name of ['set-cookie', 'access-control-allow-origin', 'service-worker-allowed', 'location']) {
      expect(answer.headers).not.toHaveProperty(name)
    }
    expect((await get('/k8s/local/x/proxy/sw.js', { 'service-worker': 'script' })).status).toBe(403)
    api = (_request, response) => response.writeHead(301, { location: '/api/v1' }).end()
    expect((await get('/k8s/local/api/v1/')).headers.location).toBe('/k8s/local/api/v1')
  })

  it('refuses bodies that are too large, announced or not', async () => {
    api = (request, response) => {
      request.resume()
      request.on('end', () => response.end('{}'))
    }
    const send = (headers: Record<string, string>, body: string) =>
      call(fixture, { method: 'POST', path: '/k8s/local/x', headers: { ...person.headers, ...headers }, body }).catch(
        (error: NodeJS.ErrnoException) => error,
      )
    expect(await send({}, 'x'.repeat(1024 * 1024))).toMatchObject({ status: 200 })
    const large = 'x'.repeat(9 * 1024 * 1024)
    // The server may have closed before a client that goes on sending reads why.
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const answer = await send(headers, large)
      expect(answer instanceof Error ? answer.code : answer.status).toSatisfy(
        (outcome) => outcome === 413 || outcome === 'EPIPE' || outcome === 'ECONNRESET',
      )
    }
  })

  it('leaves one line in the log for each change, without bodies, queries or tokens', async () => {
    const path = '/k8s/local/api/v1/namespaces/a/secrets?fieldManager=hidden-query'
    await call(fixture, { method: 'POST', path, headers: person.headers, body: '{"hidden":"body"}' })
    await get('/k8s/local/api/v1/namespaces/a/pods')
    const audit = fixture.logged().filter((line) => line['msg'] === 'API call')
    expect(audit).toHaveLength(1)
    expect(audit[0]).toMatchObject({
      audit: true,
      user: 'admin',
      cluster: 'local',
      method: 'POST',
      path: '/api/v1/namespaces/a/secrets',
      status: 200,
    })
    const all = JSON.stringify(fixture.logged())
    const session = person.cookie.split('=')[1] ?? 'no session'
    for (const secret of ['hidden', 'console-token', session, person.info.csrfToken]) expect(all).not.toContain(secret)
  })
})

describe('a WebSocket through the gateway', () => {
  it('reaches the API server with its subprotocol and nothing of the browser’s', async () => {
    const upstream = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    let headers: IncomingMessage['headers'] = {}
    fixture.upstream.on('upgrade', (request, socket, head) => {
      headers = request.headers
      upstream.handleUpgrade(request, socket, head, (server) => {
        server.send('hello')
        server.on('message', (data, isBinary) => server.send(data, { binary: isBinary }))
      })
    })
    const socket = openSocket(fixture, '/k8s/local/api/v1/namespaces/a/pods/b/exec?command=sh', person.headers)
    expect(String((await once(socket, 'message'))[0])).toBe('hello')
    expect(socket.protocol).toBe('plain.kubevirt.io')
    const large = Buffer.alloc(3 * 1024 * 1024, 7)
    socket.send(large)
    const [echo] = await once(socket, 'message')
    expect(large.equals(echo)).toBe(true)
    expect(headers).toMatchObject({ 'impersonate-user': 'admin', authorization: 'Bearer console-token' })
    for (const name of ['cookie', 'origin', 'x-chiave-csrf']) expect(headers).not.toHaveProperty(name)
    const ended = endOf(socket)
    for (const client of upstream.clients) client.close(4000, 'done')
    expect(await ended).toEqual({ code: 4000, reason: 'done' })
  })

  it('brings the API server’s refusal back as it is', async () => {
    api = (_request, response) => response.writeHead(409).end('not running')
    expect(await endOf(openSocket(fixture, '/k8s/local/api/v1/exec', person.headers))).toEqual({ status: 409 })
  })

  it('ends with the session', async () => {
    const upstream = new WebSocketServer({ noServer: true })
    fixture.upstream.on('upgrade', (request, socket, head) => {
      upstream.handleUpgrade(request, socket, head, (server) => server.send('hello'))
    })
    const socket = openSocket(fixture, '/k8s/local/api/v1/exec', person.headers)
    await once(socket, 'message')
    const ended = endOf(socket)
    await call(fixture, { method: 'POST', path: '/auth/logout', headers: person.headers })
    expect(await ended).toMatchObject({ code: 1006 })
  })
})
