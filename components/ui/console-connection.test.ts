import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws'
import { ConsoleConnection, type ConsoleState } from './console-connection'

let server: WebSocketServer
let states: ConsoleState[]
let delays: number[]
let connection: ConsoleConnection
/** What the server does with the nth visitor, from 1. */
let receive: (socket: NodeWebSocket, visit: number) => void

beforeEach(async () => {
  // The browser's own class, with which the connection is made there.
  globalThis.WebSocket = NodeWebSocket as unknown as typeof WebSocket
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  let visits = 0
  server.on('connection', (socket) => {
    visits += 1
    receive(socket, visits)
  })
  states = []
  delays = []
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  connection = new ConsoleConnection({
    url: () => `ws://127.0.0.1:${port}`,
    protocols: ['plain.kubevirt.io'],
    onState: (state) => states.push(state),
    delay: (attempt) => {
      delays.push(attempt * 10)
      return attempt * 10
    },
    attach: (socket, opened) => {
      socket.addEventListener('open', opened)
      return () => socket.removeEventListener('open', opened)
    },
  })
})

afterEach(async () => {
  connection.close()
  for (const socket of server.clients) socket.terminate()
  await new Promise((resolve) => server.close(resolve))
})

async function until(reached: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  while (!reached()) {
    if (Date.now() > deadline) throw new Error(`not reached; states: ${JSON.stringify(states)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const phases = () => states.map(({ phase }) => phase)

describe('a console connection', () => {
  test('comes back by itself after a break', async () => {
    receive = (socket, visit) => visit === 1 && setTimeout(() => socket.close(1011, 'lost'), 10)
    connection.connect()
    await until(() => phases().filter((phase) => phase === 'open').length === 2)
    expect(phases()).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open'])
    expect(states[2]).toMatchObject({ code: 1011, words: 'lost' })
  })

  test('waits longer each time it is refused, also when refused only after opening', async () => {
    receive = (socket) => setTimeout(() => socket.close(4404, 'no such guest'), 5)
    connection.connect()
    await until(() => delays.length === 4)
    expect(delays).toEqual([10, 20, 30, 40])
    expect(states.at(-1)).toMatchObject({ phase: 'waiting', code: 4404, words: 'no such guest' })
  })

  test.each([4401, 4403])('does not try again by itself after %i, but does when asked', async (code) => {
    receive = (socket, visit) => visit === 1 && setTimeout(() => socket.close(code, 'not yours'), 5)
    connection.connect()
    await until(() => phases().includes('closed'))
    expect(states.at(-1)).toEqual({ phase: 'closed', code, words: 'not yours' })
    connection.reconnect()
    await until(() => states.at(-1)?.phase === 'open')
  })

  test('does not fight over a console that another window keeps taking', async () => {
    receive = (socket) => setTimeout(() => socket.close(1000, 'The stream has ended.'), 5)
    connection.connect()
    await until(() => phases().includes('closed'))
    expect(phases().filter((phase) => phase === 'open')).toHaveLength(2)
  })

  test('says nothing more once it is closed', async () => {
    receive = () => undefined
    connection.connect()
    await until(() => phases().includes('open'))
    connection.close()
    const count = states.length
    await until(() => server.clients.size === 0)
    expect(states).toHaveLength(count)
  })
})
