import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { KubeObject } from '@/contract/kube-object'
import type { LiveQuery } from '@/contract/live'
import { LiveServer } from './live-server.fixture'
import { LiveSocket, liveKey } from './live-socket'
import type { LiveState } from './live-state'

const query: LiveQuery = { cluster: 'local', group: '', version: 'v1', plural: 'nodes' }
const other: LiveQuery = { ...query, plural: 'events' }
const object = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })

// A browser's WebSocket in all that the live socket uses; Node 20 has none of its own.
class BrowserSocket extends WebSocket {
  constructor(address: string) {
    super(address)
    // A browser does not fall over when nobody listens for an error.
    this.on('error', () => undefined)
  }
}
vi.stubGlobal('WebSocket', BrowserSocket)

describe('the live socket', () => {
  const server = new LiveServer()
  let socket: LiveSocket
  let states: Map<string, LiveState>
  let publishes: number
  const forget = vi.fn()
  const refused = vi.fn()

  beforeEach(async () => {
    await server.start()
    server.asked.length = 0
    states = new Map()
    publishes = 0
    forget.mockClear()
    refused.mockClear()
    socket = new LiveSocket({
      address: () => server.address,
      publish: (asked, state) => {
        publishes += 1
        states.set(liveKey(asked), state)
      },
      forget,
      onRefused: refused,
      schedule: (apply) => setTimeout(apply, 5),
      lingerMs: 20,
      retryMs: 10,
    })
  })

  afterEach(async () => {
    socket.close()
    await server.stop()
  })

  const state = (of: LiveQuery) => states.get(liveKey(of))

  it('asks once for equal queries and shares the answer', async () => {
    socket.subscribe(query)
    socket.subscribe({ ...query })
    await server.heard(1)
    server.say({ id: 1, type: 'snapshot', items: [object('a')] })
    await vi.waitFor(() => expect(state(query)?.items).toHaveLength(1))
    expect(server.asked).toEqual([{ op: 'subscribe', id: 1, query }])
  })

  it('applies a burst of frames in one go', async () => {
    socket.subscribe(query)
    await server.heard(1)
    server.say(
      { id: 1, type: 'snapshot', items: [] },
      ...['a', 'b', 'c'].map((name) => ({
        id: 1,
        type: 'events' as const,
        events: [{ type: 'ADDED' as const, object: object(name) }],
      })),
    )
    await vi.waitFor(() => expect(state(query)?.items).toHaveLength(3))
    expect(publishes).toBeLessThan(4)
  })

  it('keeps asking until the last reader has been gone for a while', async () => {
    const first = socket.subscribe(query)
    const second = socket.subscribe(query)
    await server.heard(1)
    first()
    first()
    second()
    const third = socket.subscribe(query)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(server.asked).toHaveLength(1)
    third()
    await server.heard(2)
    expect(server.asked[1]).toEqual({ op: 'unsubscribe', id: 1 })
    expect(forget).toHaveBeenCalledWith(query)
  })

  it('says that everything is old when the console goes away, and asks again when it is back', async () => {
    socket.subscribe(query)
    socket.subscribe(other)
    await server.heard(2)
    server.say({ id: 1, type: 'snapshot', items: [object('a')] }, { id: 2, type: 'snapshot', items: [] })
    await vi.waitFor(() => expect(states.size).toBe(2))
    expect(socket.connection).toBe('open')

    await server.stop()
    await vi.waitFor(() => expect(socket.connection).toBe('lost'))
    expect(state(query)).toMatchObject({ stale: true, loaded: true, items: [object('a')] })
    expect(state(other)?.stale).toBe(true)
    await vi.waitFor(() => expect(refused).toHaveBeenCalled())

    await server.start()
    await server.heard(4)
    expect(socket.connection).toBe('open')
    expect(server.asked.slice(2).map((request) => request.op === 'subscribe' && request.query)).toEqual([query, other])
    server.say({ id: 1, type: 'snapshot', items: [object('b')] })
    await vi.waitFor(() => expect(state(query)).toMatchObject({ stale: false, items: [object('b')] }))
  })

  it('does not come back after it was closed', async () => {
    socket.subscribe(query)
    await server.heard(1)
    socket.close()
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(socket.connection).toBe('idle')
    expect(server.asked).toHaveLength(1)
  })
})
