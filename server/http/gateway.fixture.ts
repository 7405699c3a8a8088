import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { SessionInfo } from '@/contract/session'
import type { Connection } from '@/server/cluster/connection'
import { createSocketConnection } from '@/server/cluster/socket-connection'
import type { GatewayConnections } from '@/server/connections/connections'
import { type Gateway, type GatewayOptions, startGateway } from './gateway'

/** A gateway over real sockets before an API server that a test scripts. */
export interface GatewayFixture {
  gateway: Gateway
  directory: string
  loginUrlFile: string
  connection: Connection
  /** The API server; `upgrade` listeners are the test's own. */
  upstream: Server
  /** What the gateway logged, one JSON object a line. */
  logged: () => Record<string, unknown>[]
  restart(options?: Partial<GatewayOptions>): Promise<void>
  stop(): Promise<void>
}

export interface FixtureOptions extends Partial<GatewayOptions> {
  api?: RequestListener
}

export async function startFixture({ api = (_q, s) => s.end('{}'), ...overrides }: FixtureOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'chiave-gateway-'))
  const socketPath = join(directory, 'cluster.sock')
  const upstream = createServer(api).listen(socketPath)
  await once(upstream, 'listening')
  const connection = createSocketConnection({ name: 'local', socketPath, token: 'console-token', impersonate: true })
  const loginUrlFile = join(directory, 'login-url')
  let lines = ''
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines += chunk
      done()
    },
  })
  const start = (more: Partial<GatewayOptions> = {}) =>
    startGateway({
      host: '127.0.0.1',
      port: 0,
      publicHosts: ['console.example'],
      connections: fixedConnections(connection, 'This host'),
      stateDirectory: join(directory, 'console'),
      loginUrlFile,
      issueIdentity: () => ({ type: 'person', user: 'admin', groups: ['system:masters'] }),
      page: (request, response) => {
        response.setHeader('content-type', 'text/html')
        response.end(`<html data-nonce="${request.headers['x-nonce']}" data-path="${request.url}">`)
      },
      log: pino({ level: 'debug' }, sink),
      version: '1.2.3',
      ...overrides,
      ...more,
    })
  const fixture: GatewayFixture = {
    gateway: await start(),
    directory,
    loginUrlFile,
    connection,
    upstream,
    logged: () =>
      lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async restart(more) {
      const { port } = fixture.gateway
      await fixture.gateway.close()
      fixture.gateway = await start({ port, ...more })
    },
    async stop() {
      await fixture.gateway.close()
      connection.close()
      upstream.closeAllConnections()
      upstream.close()
      await rm(directory, { recursive: true })
    },
  }
  return fixture
}

/** One connection that stays as it is and is not asked how it does. */
export function fixedConnections(connection: Connection, displayName = connection.name): GatewayConnections {
  return {
    get: (name) => (name === connection.name ? connection : undefined),
    list: () => [{ name: connection.name, displayName, type: 'embedded', connection }],
  }
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface Call {
  method?: string
  path: string
  headers?: OutgoingHttpHeaders
  body?: string
}

/** Sends a request as it is written, without normalising its path; resolves with the head. */
export function open(fixture: GatewayFixture, { method = 'GET', path, headers = {}, body }: Call) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const { port } = fixture.gateway
    httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, resolve).on('error', reject).end(body)
  })
}

/** As `open`, with the whole body. */
export async function call(fixture: GatewayFixture, request: Call): Promise<Answer> {
  const answer = await open(fixture, request)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
}

export interface SignedIn {
  cookie: string
  info: SessionInfo
  /** What our own page sends with a call that changes something. */
  headers: { cookie: string; 'x-chiave-csrf': string; origin: string }
}

/** The token of the link that the file holds now. */
export async function currentToken(fixture: GatewayFixture): Promise<string> {
  const url = new URL((await readFile(fixture.loginUrlFile, 'utf8')).trim())
  return url.searchParams.get('token') ?? ''
}

export async function useLink(fixture: GatewayFixture, token: string, headers: OutgoingHttpHeaders = {}) {
  return call(fixture, {
    method: 'POST',
    path: '/auth/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: fixture.gateway.url, ...headers },
    body: new URLSearchParams({ token }).toString(),
  })
}

export async function signIn(fixture: GatewayFixture): Promise<SignedIn> {
  const answer = await useLink(fixture, await currentToken(fixture))
  const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? ''
  const session = await call(fixture, { path: '/auth/session', headers: { cookie } })
  const info = JSON.parse(session.body) as SessionInfo
  return { cookie, info, headers: { cookie, 'x-chiave-csrf': info.csrfToken, origin: fixture.gateway.url } }
}

/** A browser's WebSocket from one of our own pages. */
export function openSocket(fixture: GatewayFixture, path: string, headers: OutgoingHttpHeaders): WebSocket {
  const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  const protocols = path === '/live' ? [] : ['plain.kubevirt.io']
  return new WebSocket(`${fixture.gateway.url.replace('http', 'ws')}${path}`, protocols, {
    headers: plain,
    perMessageDeflate: false,
  })
}

/** How a socket ended: opened and closed with a code, or refused with a status. */
export function endOf(socket: WebSocket): Promise<{ code?: number; reason?: string; status?: number }> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode ?? 0 })
      request.destroy()
    })
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
}

/** Waits for what must come sooner or later, however busy the machine is. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 20 })
