import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  call,
  endOf,
  eventually,
  type GatewayFixture,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
let person: SignedIn
/** The cluster's answer to a stream that it does not open. */
let refuse: RequestListener | undefined
let streams: WebSocketServer
const seen: IncomingMessage[] = []
let onStream: (stream: WebSocket) => void

beforeEach(async () => {
  seen.length = 0
  refuse = undefined
  onStream = (stream) => stream.on('message', (data) => stream.send(data, { binary: true }))
  streams = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  fixture = await startFixture({ api: (request, response) => refuse?.(request, response) })
  fixture.upstream.on('upgrade', (request, socket, head) => {
    seen.push(request)
    if (refuse) {
      socket.end(
        'HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n' +
          JSON.stringify({
            kind: 'Status',
            code: 404,
            message: 'virtualmachineinstance.kubevirt.io "vm" not found',
          }),
      )
      return
    }
    streams.handleUpgrade(request, socket, head, (stream) => onStream(stream))
  })
  person = await signIn(fixture)
})
afterEach(() => fixture.stop())

const path = '/consoles/local/default/vm'
const openConsole = (stream: 'vnc' | 'serial', query = '') =>
  openSocket(fixture, `${path}/${stream}${query}`, { cookie: person.cookie, origin: fixture.gateway.url })

describe('a console', () => {
  it('joins a browser with the machine’s stream, byte for byte, as the person', async () => {
    const socket = openConsole('serial')
    await once(socket, 'open')
    expect(socket.protocol).toBe('plain.kubevirt.io')
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    socket.send(bytes)
    const [echo, isBinary] = await once(socket, 'message')
    expect(isBinary).toBe(true)
    expect(bytes.equals(echo)).toBe(true)
    // Terminals send what is typed as text; the machine knows bytes only.
    socket.send('root\n')
    expect(String((await once(socket, 'message'))[0])).toBe('root\n')
    const [request] = seen
    expect(request?.url).toBe('/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/vm/console')
    expect(request?.headers).toMatchObject({
      'sec-websocket-protocol': 'plain.kubevirt.io',
      'impersonate-user': 'admin',
    })
    expect(request?.headers).not.toHaveProperty('cookie')
    socket.close()
  })

  it('asks for the screen as the browser does', async () => {
    const socket = openConsole('vnc', '?preserveSession=true&x=y')
    await once(socket, 'open')
    await eventually(() => seen[0]?.url).toMatch(/\/virtualmachineinstances\/vm\/vnc\?preserveSession=true$/)
    socket.close()
  })

  it('loses nothing that either side says at once', async () => {
    onStream = (stream) => {
      stream.send('RFB 003.008\n')
      stream.on('message', (data) => stream.send(`got ${data}`))
    }
    const socket = openConsole('vnc')
    const messages: string[] = []
    socket.on('message', (data) => messages.push(String(data)))
    socket.on('open', () => socket.send('early'))
    await eventually(() => messages).toEqual(['RFB 003.008\n', 'got early'])
    socket.close()
  })

  it('tells the browser in the server’s words why it is refused', async () => {
    refuse = () => undefined
    expect(await endOf(openConsole('vnc'))).toEqual({
      code: 4404,
      reason: 'virtualmachineinstance.kubevirt.io "vm" not found',
    })
    await fixture.stop()
    fixture = await startFixture({
      api: (_request, response) => response.writeHead(409).end(`VMI is paused ${'ü'.repeat(100)}`),
    })
    person = await signIn(fixture)
    const { code, reason } = await endOf(openConsole('serial'))
    expect(code).toBe(4409)
    expect(reason).toMatch(/^VMI is paused ü+…$/)
    expect(Buffer.byteLength(reason ?? '')).toBeLessThanOrEqual(123)
  })

  it('says so when the cluster is away', async () => {
    fixture.upstream.closeAllConnections()
    await new Promise((resolve) => fixture.upstream.close(resolve))
    expect(await endOf(openConsole('serial'))).toMatchObject({
      code: 4503,
      reason: expect.stringContaining('cannot be reached'),
    })
  })

  it('closes both ends when one ends, with the code and words of the one', async () => {
    const opened = new Promise<WebSocket>((resolve) => {
      onStream = resolve
    })
    const socket = openConsole('serial')
    const stream = await opened
    const ended = endOf(socket)
    stream.close(1001, 'the machine stopped')
    expect(await ended).toEqual({ code: 1001, reason: 'the machine stopped' })

    const openedAgain = new Promise<WebSocket>((resolve) => {
      onStream = resolve
    })
    const other = openConsole('serial')
    const lost = await openedAgain
    const otherEnded = endOf(other)
    lost.terminate()
    expect(await otherEnded).toEqual({ code: 1011, reason: 'The connection to the machine was lost.' })

    const openedLast = new Promise<WebSocket>((resolve) => {
      onStream = resolve
    })
    const last = openConsole('serial')
    const streamClosed = once(await openedLast, 'close')
    last.terminate()
    await streamClosed
  })

  it('lets a slow browser hold the machine back, and a slow machine the browser', async () => {
    let sent = 0
    const opened = new Promise<WebSocket>((resolve) => {
      onStream = resolve
    })
    const socket = openConsole('vnc')
    const [stream] = await Promise.all([opened, once(socket, 'open')])
    socket.pause()
    const chunk = Buffer.alloc(256 * 1024)
    const total = 48 * 1024 * 1024
    const push = () => {
      while (sent < total && stream.bufferedAmount < 1024 * 1024) {
        sent += chunk.length
        stream.send(chunk)
      }
      if (sent < total) timer = setTimeout(push, 5)
    }
    let timer = setTimeout(push, 0)
    await sleep(700)
    const held = sent
    await sleep(200)
    expect(sent - held).toBeLessThan(4 * 1024 * 1024)
    expect(held).toBeLessThan(32 * 1024 * 1024)
    // And it goes on where it was held.
    let received = 0
    socket.on('message', (data) => {
      received += (data as Buffer).length
    })
    socket.resume()
    await eventually(() => received).toBe(total)
    clearTimeout(timer)

    stream.pause()
    let accepted = 0
    const typed = Buffer.alloc(256 * 1024)
    for (let round = 0; round < 60; round += 1) {
      if (socket.bufferedAmount < 1024 * 1024) {
        socket.send(typed)
        accepted += typed.length
      }
      await sleep(5)
    }
    expect(accepted).toBeLessThan(24 * 1024 * 1024)
    socket.terminate()
  })

  it('ends with the session', async () => {
    const socket = openConsole('serial')
    await once(socket, 'open')
    const ended = endOf(socket)
    await call(fixture, { method: 'POST', path: '/auth/logout', headers: person.headers })
    expect(await ended).toMatchObject({ code: 4401 })
  })

  it('exists only where a machine could be', async () => {
    const headers = { cookie: person.cookie, origin: fixture.gateway.url }
    for (const wrong of [
      '/consoles/other/default/vm/vnc',
      '/consoles/local/default/vm/shell',
      '/consoles/local/default/../vnc',
      '/consoles/local/default/a%2fb/vnc',
      '/consoles/local/default/vm/vnc/x',
    ]) {
      expect([wrong, await endOf(openSocket(fixture, wrong, headers))]).toEqual([wrong, { status: 404 }])
    }
    expect(seen).toHaveLength(0)
  })
})
