import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import { type Connection, UpgradeRefused } from './connection'
import { createKubeconfigConnection, KubeconfigError } from './kubeconfig'
import { createSocketConnection } from './socket-connection'

interface Fixture {
  server: Server
  connection: Connection
  stop(): Promise<void>
}

const directory = await mkdtemp(join(tmpdir(), 'chiave-connection-'))
afterAll(() => rm(directory, { recursive: true }))

const certificates = await ensureCertificates({ directory: join(directory, 'tls'), hosts: ['api.example'] })
const { ca } = certificates
const serverPair = await certificates.server('api')
/** What a client shows need only be signed by an authority that the server names. */
const clientPair = await certificates.server('ada')

let counter = 0

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

async function onSocket(handler: RequestListener): Promise<Fixture> {
  const socketPath = join(directory, `${++counter}.sock`)
  const server = createHttpServer(handler).listen(socketPath)
  await once(server, 'listening')
  const connection = createSocketConnection({ name: 'local', socketPath, token: 'own-token', impersonate: true })
  return { server, connection, stop: () => stop(server, connection) }
}

interface KubeconfigParts {
  cluster?: object
  user?: object
}

async function writeKubeconfig(server: string, { cluster, user }: KubeconfigParts = {}): Promise<string> {
  const path = join(directory, `${++counter}.kubeconfig`)
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, ...(cluster ?? defaultCluster) } }],
    users: [{ name: 'u', user: user ?? { token: 'own-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  await writeFile(path, JSON.stringify(content))
  return path
}

const base64 = (pem: string) => Buffer.from(pem).toString('base64')
const defaultCluster = { 'certificate-authority-data': base64(ca.cert), 'tls-server-name': 'api.example' }

async function onTls(handler: RequestListener, parts?: KubeconfigParts): Promise<Fixture> {
  const server = createHttpsServer(
    { ...serverPair, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
    handler,
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address object, since the server listens on TCP.
  const { port } = server.address() as AddressInfo
  const kubeconfigPath = await writeKubeconfig(`https://127.0.0.1:${port}`, parts)
  const connection = createKubeconfigConnection({ name: 'remote', kubeconfigPath })
  return { server, connection, stop: () => stop(server, connection) }
}

async function stop(server: Server, connection: Connection): Promise<void> {
  connection.close()
  server.closeAllConnections()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}

const self = { type: 'self' } as const

describe.each([
  ['a unix socket', onSocket],
  ['TLS by kubeconfig', onTls],
])('a connection over %s', (_name, start) => {
  let fixture: Fixture
  afterEach(() => fixture.stop())

  it('resolves with the head while the body still streams', async () => {
    let finish = () => {}
    fixture = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      finish = () => response.end('{"done":true}')
    })
    const answer = await fixture.connection.request({ method: 'GET', path: '/api?watch=1', identity: self })
    expect(answer.statusCode).toBe(200)
    finish()
    expect(await text(answer)).toBe('{"done":true}')
  })

  it('resolves for every status code', async () => {
    fixture = await start((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end()
    })
    for (const code of [200, 404, 409, 422, 500, 503]) {
      const answer = await fixture.connection.request({ method: 'GET', path: `/${code}`, identity: self })
      answer.resume()
      expect(answer.statusCode).toBe(code)
    }
  })

  it('streams a body as it comes and sends strings with their length', async () => {
    const seen: string[] = []
    const firstChunk = deferred()
    fixture = await start((request, response) => {
      request.on('data', (chunk: Buffer) => {
        seen.push(String(chunk))
        firstChunk.resolve()
      })
      request.on('end', () => response.end(JSON.stringify(request.headers['content-length'] ?? null)))
    })
    const body = new Readable({ read() {} })
    body.push('first')
    const pending = fixture.connection.request({ method: 'POST', path: '/', identity: self, body })
    await firstChunk.promise
    body.push('second')
    body.push(null)
    expect(await text(await pending)).toBe('null')
    expect(seen).toEqual(['first', 'second'])
    const second = await fixture.connection.request({ method: 'PUT', path: '/', identity: self, body: 'grüß' })
    expect(await text(second)).toBe('"6"')
  })

  it('rejects when the server is away', async () => {
    fixture = await start(() => {})
    await stop(fixture.server, fixture.connection)
    const failed = fixture.connection.request({ method: 'GET', path: '/', identity: self })
    await expect(failed).rejects.toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|ENOENT/) })
  })

  it('takes its credentials from the identity and never from the headers', async () => {
    fixture = await start((request, response) => {
      response.end(JSON.stringify(request.headers))
    })
    const call = async (identity: Parameters<Connection['request']>[0]['identity']) => {
      const headers = { Authorization: 'Bearer stolen', 'Impersonate-User': 'root', cookie: 'a=b', accept: 'text/x' }
      const answer = await fixture.connection.request({ method: 'GET', path: '/', headers, identity })
      return JSON.parse(await text(answer))
    }
    const own = await call(self)
    expect(own).toMatchObject({ authorization: 'Bearer own-token', accept: 'text/x' })
    expect(own).not.toHaveProperty('impersonate-user')
    expect(own).not.toHaveProperty('cookie')
    expect(await call({ type: 'person', user: 'ada', groups: ['a', 'b'] })).toMatchObject({
      authorization: 'Bearer own-token',
      'impersonate-user': 'ada',
      'impersonate-group': 'a, b',
    })
    const token = await call({ type: 'token', token: 'mine' })
    expect(token.authorization).toBe('Bearer mine')
    expect(token).not.toHaveProperty('impersonate-user')
  })

  it('gives up its side when the signal aborts', async () => {
    const closed = deferred()
    fixture = await start((request, response) => {
      response.writeHead(200).flushHeaders()
      request.socket.once('close', () => closed.resolve())
    })
    const abort = new AbortController()
    const { signal } = abort
    const answer = await fixture.connection.request({ method: 'GET', path: '/', identity: self, signal })
    answer.on('error', () => {})
    abort.abort()
    await closed.promise
    await expect(
      fixture.connection.request({ method: 'GET', path: '/', identity: self, signal }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('lets a reader that stops reading hold the server back', async () => {
    let written = 0
    fixture = await start((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024)
      const push = () => {
        while (written < 64 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', push)
        }
        response.end()
      }
      push()
    })
    const answer = await fixture.connection.request({ method: 'GET', path: '/', identity: self })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(written).toBeLessThan(32 * 1024 * 1024)
    answer.destroy()
  })

  it('repeats a GET that met a socket the server had just closed', async () => {
    let requests = 0
    fixture = await start((request, response) => {
      requests += 1
      // The second request on a kept-alive socket finds it closed, as after an idle timeout.
      if (requests === 2) request.socket.destroy()
      else response.end('ok')
    })
    for (const _ of [1, 2]) {
      const answer = await fixture.connection.request({ method: 'GET', path: '/', identity: self })
      expect(await text(answer)).toBe('ok')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(requests).toBe(3)
  })

  it('hands over the raw socket of an upgrade with everything that came with it', async () => {
    fixture = await start(() => {})
    let received: IncomingMessage | undefined
    fixture.server.on('upgrade', (request, socket) => {
      received = request
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nearly')
      socket.on('data', (data: Buffer) => socket.write(`echo ${data}`))
      socket.on('end', () => socket.end())
    })
    const { response, socket, head } = await fixture.connection.upgrade({
      method: 'GET',
      path: '/stream',
      headers: { 'sec-websocket-protocol': 'plain.kubevirt.io' },
      identity: { type: 'person', user: 'ada', groups: [] },
    })
    expect(response.statusCode).toBe(101)
    const early = head.length > 0 ? head : (await once(socket, 'data'))[0]
    expect(String(early)).toBe('early')
    expect(received?.headers).toMatchObject({
      upgrade: 'websocket',
      'sec-websocket-protocol': 'plain.kubevirt.io',
      'impersonate-user': 'ada',
    })
    socket.write('hello')
    expect(String((await once(socket, 'data'))[0])).toBe('echo hello')
    socket.destroy()
  })

  it('rejects a refused upgrade with the answer', async () => {
    fixture = await start((_request, response) => {
      response.writeHead(409).end('the machine is not running')
    })
    const failure: unknown = await fixture.connection
      .upgrade({ method: 'GET', path: '/stream', identity: self })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UpgradeRefused)
    if (!(failure instanceof UpgradeRefused)) return
    expect(failure.response.statusCode).toBe(409)
    expect(await text(failure.response)).toBe('the machine is not running')
  })
})

describe('a kubeconfig', () => {
  let fixture: Fixture | undefined
  afterEach(async () => {
    await fixture?.stop()
    fixture = undefined
  })

  /** Answers with the name in the client certificate and the credentials it saw. */
  const whoAmI: RequestListener = (request, response) => {
    // The server speaks TLS only.
    const peer = (request.socket as TLSSocket).getPeerCertificate()
    response.end(
      JSON.stringify({ cn: peer?.subject?.CN ?? null, authorization: request.headers.authorization ?? null }),
    )
  }
  const ask = async (connection: Connection, identity: Parameters<Connection['request']>[0]['identity'] = self) =>
    JSON.parse(await text(await connection.request({ method: 'GET', path: '/', identity })))

  it('shows its client certificate for itself, but never beside a person’s own token', async () => {
    const user = {
      'client-certificate-data': base64(clientPair.cert),
      'client-key-data': base64(clientPair.key),
    }
    fixture = await onTls(whoAmI, { user })
    expect(await ask(fixture.connection)).toEqual({ cn: 'Chiave ada', authorization: null })
    expect(await ask(fixture.connection, { type: 'token', token: 't' })).toEqual({
      cn: null,
      authorization: 'Bearer t',
    })
  })

  it('trusts only its own CA and the name it expects', async () => {
    fixture = await onTls(whoAmI, { cluster: {} })
    await expect(ask(fixture.connection)).rejects.toThrow(/certificate|issuer/)
    await fixture.stop()
    const misnamed = { ...defaultCluster, 'tls-server-name': 'other.example' }
    fixture = await onTls(whoAmI, { cluster: misnamed })
    await expect(ask(fixture.connection)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    await fixture.stop()
    fixture = await onTls(whoAmI, { cluster: { 'insecure-skip-tls-verify': true } })
    expect(await ask(fixture.connection)).toMatchObject({ authorization: 'Bearer own-token' })
  })

  it('runs exec plugins once for many requests and tells them what client-go tells', async () => {
    const log = join(directory, `${++counter}.exec`)
    const script = `echo "$KUBERNETES_EXEC_INFO" >> ${log}; echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}'`
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] }
    fixture = await onTls(whoAmI, { user: { exec } })
    const { connection } = fixture
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(connection)))
    expect(answers.every(({ authorization }) => authorization === 'Bearer from-plugin')).toBe(true)
    const calls = readFileSync(log, 'utf8').trim().split('\n')
    expect(calls).toHaveLength(1)
    expect(JSON.parse(calls[0] ?? '')).toMatchObject({ kind: 'ExecCredential', spec: { interactive: false } })
  })

  it('reads token files beside it, newline and all', async () => {
    await writeFile(join(directory, 'token'), 'from-file\n')
    fixture = await onTls(whoAmI, { user: { tokenFile: 'token' } })
    expect(await ask(fixture.connection)).toMatchObject({ authorization: 'Bearer from-file' })
  })

  it('keeps the path of the server’s address, as of one API behind another', async () => {
    const server = createHttpServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const kubeconfigPath = await writeKubeconfig(`http://127.0.0.1:${port}/k8s/local/`, { cluster: {} })
    const connection = createKubeconfigConnection({ name: 'remote', kubeconfigPath })
    fixture = { server, connection, stop: () => stop(server, connection) }
    const answer = await connection.request({ method: 'GET', path: '/api?limit=1', identity: self })
    expect(await text(answer)).toBe('/k8s/local/api?limit=1')
  })

  it('says in one sentence why it cannot be used', async () => {
    const kubeconfigPath = await writeKubeconfig('https://127.0.0.1:1')
    const create = (options: { kubeconfigPath: string; context?: string }) => () =>
      createKubeconfigConnection({ name: 'remote', ...options })
    expect(create({ kubeconfigPath: join(directory, 'absent') })).toThrow(KubeconfigError)
    expect(create({ kubeconfigPath, context: 'nope' })).toThrow(/has no context "nope" \(it has: x\)/)
    const broken = join(directory, 'broken')
    await writeFile(broken, 'a: [b')
    expect(create({ kubeconfigPath: broken })).toThrow(/is not a kubeconfig/)
  })
})
