import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { connect, createServer as createRawServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createSocketConnection } from '@/server/cluster/socket-connection'
import { buildStatus } from '@/server/proxy/status-response'
import {
  call,
  endOf,
  fixedConnections,
  type GatewayFixture,
  open,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
let person: SignedIn
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
    callLimits: { concurrentRequests: 3, concurrentStreams: 2, perSecond: 1000, burst: 50 },
    guard: ({ cluster, method, upgrade }) =>
      cluster === 'local' && (method === 'DELETE' || upgrade) && guarding
        ? buildStatus(403, 'This connection is read-only.')
        : undefined,
  })
  person = await signIn(fixture)
})
let guarding = false
afterEach(async () => {
  guarding = false
  await fixture.stop()
})

/** Sends bytes as they are; resolves with all that came back until the server closes or is quiet. */
async function raw(bytes: string | Buffer, quietMs = 400): Promise<string> {
  const socket = connect(fixture.gateway.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => undefined)
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), sleep(quietMs)])
  socket.destroy()
  return answer
}
const head = () => `host: localhost\r\ncookie: ${person.cookie}\r\nx-chiave-csrf: ${person.info.csrfToken}\r\n`

describe('what hostile clients send', () => {
  it('is refused when its length or its lines can be read in two ways', async () => {
    const hidden = 'GET /k8s/local/hidden HTTP/1.1\r\nhost: localhost\r\n\r\n'
    const attempts = [
      `POST /k8s/local/a HTTP/1.1\r\n${head()}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}content-length: 5, 5\r\n\r\nhello`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}content-length: +5\r\n\r\nhello`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}content-length: 0x5\r\n\r\nhello`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n${hidden}`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}transfer-encoding: xchunked\r\n\r\n${hidden}`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}transfer-encoding:\x0bchunked\r\n\r\n${hidden}`,
      `GET /k8s/local/a HTTP/1.1\r\n${head()}x: a\r\n folded: b\r\n\r\n`,
      `GET /k8s/local/a HTTP/1.1\r\n${head()}x: a\nimpersonate-user: root\r\n\r\n`,
      `GET /k8s/local/a HTTP/1.1\r\n${head()}x: a\0b\r\n\r\n`,
      `GET /k8s/local/a\tb HTTP/1.1\r\n${head()}\r\n`,
      `POST /k8s/local/a HTTP/1.1\r\n${head()}transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
    ]
    for (const attempt of attempts) {
      const answer = await raw(attempt)
      // Whatever is made of it, no second request came out of it.
      expect(answer.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThanOrEqual(1)
      expect(seen.map(({ url }) => url)).not.toContain('/hidden')
    }
    for (const { headers } of seen) expect(headers['impersonate-user']).toBe('admin')
  })

  it('loses the headers that it calls hop-by-hop, ours are not among them', async () => {
    const names = 'keep-alive, x-hop, authorization, impersonate-user, x-request-id, cookie, content-length'
    await call(fixture, {
      path: '/k8s/local/api',
      headers: { ...person.headers, connection: names, 'x-hop': '1', te: 'x' },
    })
    expect(seen[0]?.headers).toMatchObject({ 'impersonate-user': 'admin', authorization: 'Bearer console-token' })
    for (const name of ['x-hop', 'te', 'cookie']) expect(seen[0]?.headers).not.toHaveProperty(name)
  })

  it('is refused when its head is huge, and its body is not waited for for ever', async () => {
    expect(await raw(`GET /k8s/local/a HTTP/1.1\r\n${head()}x: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431/,
    )
    const many = Array.from({ length: 3000 }, (_, index) => `x${index}: y\r\n`).join('')
    expect(await raw(`GET /k8s/local/a HTTP/1.1\r\n${head()}${many}\r\n`)).not.toMatch(/^HTTP\/1\.1 200/)
    expect(seen).toEqual([])
  })

  it('becomes no second request when an upgrade has a body', async () => {
    const hidden = 'GET /k8s/local/hidden HTTP/1.1\r\nhost: localhost\r\n\r\n'
    const upgrade = `GET /k8s/local/api/v1/exec HTTP/1.1\r\n${head()}origin: ${fixture.gateway.url.replace('127.0.0.1', 'localhost')}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`
    const answer = await raw(upgrade)
    expect(answer).not.toMatch(/HTTP\/1\.1 101/)
    expect(seen.map(({ url }) => url)).not.toContain('/hidden')
    expect(await raw(upgrade.replace('upgrade: websocket', 'upgrade: h2c'))).not.toMatch(/HTTP\/1\.1 101/)
  })
})

describe('a hostile or broken API server', () => {
  let server: Server
  let answer: string

  beforeEach(async () => {
    const socketPath = join(tmpdir(), `chiave-raw-${process.pid}-${Math.random().toString(36).slice(2)}.sock`)
    server = createRawServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(answer))
    }).listen(socketPath)
    await once(server, 'listening')
    await fixture.restart({
      connections: fixedConnections(
        createSocketConnection({ name: 'local', socketPath, token: 't', impersonate: true }),
      ),
    })
  })
  afterEach(() => {
    server.close()
  })

  it('splits no answer and sets nothing of ours', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\nx-a: b\r\n set-cookie: stolen=1\r\ncontent-length: 2\r\n\r\n{}',
      'HTTP/1.1 200 OK\r\nx-a: b\nset-cookie: stolen=1\r\ncontent-length: 2\r\n\r\n{}',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{}',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nset-cookie: stolen=1\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n',
      'garbage\r\n\r\n',
      '',
    ]
    for (const each of answers) {
      answer = each
      const got = await call(fixture, { path: '/k8s/local/api', headers: person.headers })
      expect(got.headers).not.toHaveProperty('set-cookie')
      expect([200, 502]).toContain(got.status)
      if (got.status === 502) expect(JSON.parse(got.body)).toMatchObject({ kind: 'Status', status: 'Failure' })
    }
  })
})

describe('limits and rules of the console', () => {
  it('answers who asks too fast or too much at once with 429, when to come again, and others as ever', async () => {
    const waiting: (() => void)[] = []
    api = (_request, response) => waiting.push(() => response.end('{}'))
    const get = (path: string, headers: object = person.headers) => call(fixture, { path, headers: { ...headers } })
    const three = ['/k8s/local/a', '/k8s/local/b', '/k8s/local/c'].map((path) => get(path))
    await expect.poll(() => waiting.length).toBe(3)
    const refused = await get('/k8s/local/d')
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toBe('1')
    expect(JSON.parse(refused.body)).toMatchObject({ kind: 'Status', reason: 'TooManyRequests' })
    const other = get('/k8s/local/e', { authorization: 'Bearer other' })
    await expect.poll(() => waiting.length).toBe(4)
    for (const finish of waiting) finish()
    expect((await Promise.all([...three, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    api = (_request, response) => response.end('{}')
    expect((await get('/k8s/local/f')).status).toBe(200)
  })

  it('counts watches apart, and gives their places back', async () => {
    api = (_request, response) => response.writeHead(200).flushHeaders()
    const path = '/k8s/local/api/v1/pods?watch=true'
    const watches = [
      await open(fixture, { path, headers: person.headers }),
      await open(fixture, { path, headers: person.headers }),
    ]
    expect((await call(fixture, { path, headers: person.headers })).status).toBe(429)
    for (const watch of watches) watch.destroy()
    await expect
      .poll(async () => {
        const again = await open(fixture, { path, headers: person.headers })
        again.destroy()
        return again.statusCode
      })
      .toBe(200)
  })

  it('refuses what the guard refuses, calls and streams, with its words and an entry', async () => {
    guarding = true
    const refused = await call(fixture, {
      method: 'DELETE',
      path: '/k8s/local/api/v1/nodes/a',
      headers: person.headers,
    })
    expect(refused.status).toBe(403)
    expect(JSON.parse(refused.body)).toMatchObject({ message: 'This connection is read-only.' })
    expect(await endOf(openSocket(fixture, '/k8s/local/api/v1/exec', person.headers))).toEqual({ status: 403 })
    const console = await endOf(openSocket(fixture, '/consoles/local/n/m/vnc', person.headers))
    expect(console).toEqual({ code: 4403, reason: 'This connection is read-only.' })
    expect(seen).toEqual([])
    const { body } = await call(fixture, { path: '/audit?outcome=refused', headers: person.headers })
    expect(JSON.parse(body).items).toHaveLength(3)
  })
})

it('passes the subprotocols of exec, port-forward and consoles on, each way', async () => {
  const upstream = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered].at(-1) ?? false })
  fixture.upstream.on('upgrade', (request, socket, rest) => {
    upstream.handleUpgrade(request, socket, rest, (server) => server.close())
  })
  for (const protocols of [['v4.channel.k8s.io', 'v5.channel.k8s.io'], ['portforward.k8s.io'], ['plain.kubevirt.io']]) {
    const socket = new WebSocket(`${fixture.gateway.url.replace('http', 'ws')}/k8s/local/api/v1/exec`, protocols, {
      headers: person.headers,
    })
    await once(socket, 'open')
    expect(socket.protocol).toBe(protocols.at(-1))
    await once(socket, 'close')
  }
})

it('holds a fast writer back when the API server reads slowly', async () => {
  let received = 0
  api = (request) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
      request.pause()
    })
  }
  const socket = connect(fixture.gateway.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`POST /k8s/local/slow HTTP/1.1\r\n${head()}content-length: 8000000\r\n\r\n`)
  let written = 0
  const push = () => {
    while (written < 8_000_000 && !socket.destroyed) {
      written += 64 * 1024
      if (!socket.write(Buffer.alloc(64 * 1024))) return void socket.once('drain', push)
    }
  }
  push()
  await expect.poll(() => received).toBeGreaterThan(0)
  await sleep(300)
  expect(socket.writableLength).toBeGreaterThan(0)
  expect(received).toBeLessThan(1024 * 1024)
  socket.destroy()
  expect(await text(await open(fixture, { path: '/k8s/none/x', headers: person.headers }))).toContain('no cluster')
})
