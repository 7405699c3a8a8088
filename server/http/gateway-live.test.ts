import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { LiveMessage, LiveQuery } from '@/contract/live'
import {
  endOf,
  eventually,
  type FixtureOptions,
  type GatewayFixture,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
let person: SignedIn
let objects: { metadata: { name: string; resourceVersion: string; managedFields?: unknown } }[]
let version: number
/** Every watch that is open at the API server. */
const watches = new Set<ServerResponse>()
const requests: URL[] = []
let intercept: ((url: URL, response: ServerResponse, request: IncomingMessage) => boolean) | undefined

/** As an API server answers a list of a built-in kind: items without their own kind, in pages. */
function api(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://api')
  requests.push(url)
  if (intercept?.(url, response, request)) return
  if (url.searchParams.has('watch')) {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    watches.add(response)
    response.on('close', () => watches.delete(response))
    return
  }
  const limit = Number(url.searchParams.get('limit'))
  const from = Number(url.searchParams.get('continue') ?? 0)
  const next = from + limit < objects.length ? String(from + limit) : undefined
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(version), continue: next },
      items: objects.slice(from, from + limit),
    }),
  )
}

function emit(type: string, object: object): void {
  for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`)
}

const configMap = (name: string) => ({
  metadata: { name, resourceVersion: String(++version), managedFields: [{ manager: 'x' }] },
})

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await startFixture({ api, ...options })
  person = await signIn(fixture)
}

beforeEach(() => {
  version = 10
  objects = []
  intercept = undefined
  requests.length = 0
  watches.clear()
})
afterEach(() => fixture.stop())

const query: LiveQuery = { cluster: 'local', group: '', version: 'v1', plural: 'configmaps', namespace: 'default' }

/** A tab: its socket and everything it was told. */
async function openTab(): Promise<{
  socket: WebSocket
  messages: LiveMessage[]
  subscribe(id: number, query: LiveQuery): void
}> {
  const socket = openSocket(fixture, '/live', { cookie: person.cookie, origin: fixture.gateway.url })
  const messages: LiveMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as LiveMessage))
  await once(socket, 'open')
  return { socket, messages, subscribe: (id, q) => socket.send(JSON.stringify({ op: 'subscribe', id, query: q })) }
}

const opened = () => eventually(() => watches.size)

describe('live updates', () => {
  it('begin with everything there is and go on with every change, those of a moment together', async () => {
    await start()
    objects = Array.from({ length: 1_200 }, (_, index) => configMap(`cm-${index}`))
    const { socket, messages, subscribe } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    const [snapshot] = messages
    expect(snapshot?.type).toBe('snapshot')
    if (snapshot?.type !== 'snapshot') return
    expect(snapshot.items).toHaveLength(1_200)
    expect(snapshot.items[0]).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm-0', resourceVersion: '11' },
    })
    emit('ADDED', configMap('new'))
    emit('MODIFIED', configMap('new'))
    await eventually(() => messages.length).toBe(2)
    expect(messages[1]).toMatchObject({
      id: 1,
      type: 'events',
      events: [{ type: 'ADDED' }, { type: 'MODIFIED', object: { metadata: { name: 'new' } } }],
    })
    expect(JSON.stringify(messages[1])).not.toContain('managedFields')
    socket.close()
    await opened().toBe(0)
  })

  it('ask for exactly what was subscribed to, as the person', async () => {
    await start()
    let identity: unknown
    intercept = (_url, _response, request) => {
      identity = request.headers['impersonate-user']
      return false
    }
    const { subscribe, socket } = await openTab()
    subscribe(1, { ...query, group: 'kubevirt.io', plural: 'virtualmachines', name: 'vm', labelSelector: 'a in (b,c)' })
    await opened().toBe(1)
    const [list, watch] = requests
    expect(list?.pathname).toBe('/apis/kubevirt.io/v1/namespaces/default/virtualmachines')
    expect(Object.fromEntries(list?.searchParams ?? [])).toEqual({
      limit: '500',
      fieldSelector: 'metadata.name=vm',
      labelSelector: 'a in (b,c)',
    })
    expect(watch?.searchParams.get('resourceVersion')).toBe('10')
    expect(watch?.searchParams.get('allowWatchBookmarks')).toBe('true')
    expect(identity).toBe('admin')
    socket.close()
  })

  it('go on where a watch ended in good order, without a new snapshot', async () => {
    await start()
    const { messages, subscribe, socket } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    emit('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: '77' } })
    for (const watch of watches) watch.end()
    await opened().toBe(0)
    await eventually(() => watches.size).toBe(1)
    expect(requests.at(-1)?.searchParams.get('resourceVersion')).toBe('77')
    emit('ADDED', configMap('later'))
    await eventually(() => messages.map(({ type }) => type)).toEqual(['snapshot', 'events'])
    socket.close()
  })

  it('begin anew when the server no longer knows the place', async () => {
    await start()
    const { messages, subscribe, socket } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    emit('ADDED', configMap('last'))
    objects = [configMap('only')]
    emit('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' })
    await eventually(() => messages.map(({ type }) => type)).toEqual(['snapshot', 'events', 'snapshot'])
    expect(messages[2]).toMatchObject({ items: [{ metadata: { name: 'only' } }] })
    socket.close()
  })

  it('say that they are old while the cluster is away, and begin anew when it is back', async () => {
    await start()
    const { messages, subscribe, socket } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    intercept = (_url, response) => {
      response.destroy()
      return true
    }
    for (const watch of watches) watch.destroy()
    await eventually(() => messages.at(-1)).toMatchObject({ id: 1, type: 'stale' })
    await eventually(() => messages.length).toBeGreaterThan(2)
    objects = [configMap('back')]
    intercept = undefined
    await eventually(() => messages.at(-1)).toMatchObject({
      type: 'snapshot',
      items: [{ metadata: { name: 'back' } }],
    })
    socket.close()
  })

  it('bring the API’s own refusal, and never a Secret', async () => {
    await start()
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 403,
      reason: 'Forbidden',
      message: 'no',
    }
    intercept = (_url, response) => {
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(status))
      return true
    }
    const { messages, subscribe, socket } = await openTab()
    subscribe(1, query)
    await eventually(() => messages).toEqual([{ id: 1, type: 'error', status, retrying: true }])
    const before = requests.length
    subscribe(2, { ...query, plural: 'secrets' })
    subscribe(3, { ...query, cluster: 'other' })
    await eventually(() => messages.slice(1)).toMatchObject([
      { id: 2, type: 'error', status: { code: 403 }, retrying: false },
      { id: 3, type: 'error', status: { code: 404 }, retrying: false },
    ])
    expect(requests).toHaveLength(before)
    socket.close()
  })

  it.each([
    { ...query, plural: 'secrets?x=' },
    { ...query, plural: '../secrets' },
    { ...query, namespace: 'a/secrets' },
    { ...query, version: 'v1/secrets' },
    { ...query, group: 'a/../../api' },
    { ...query, name: 'a,metadata.namespace=b' },
  ])('take no query that would leave its place: %o', async (bad) => {
    await start()
    const { subscribe, socket } = await openTab()
    const ended = endOf(socket)
    subscribe(1, bad)
    expect(await ended).toMatchObject({ code: 4400 })
    expect(requests).toEqual([])
  })

  it('end for a subscription that is given up or replaced', async () => {
    await start()
    const { messages, subscribe, socket } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    subscribe(1, { ...query, namespace: 'other' })
    await eventually(() => requests.at(-1)?.pathname).toBe('/api/v1/namespaces/other/configmaps')
    await opened().toBe(1)
    socket.send(JSON.stringify({ op: 'unsubscribe', id: 1 }))
    await opened().toBe(0)
    expect(messages.map(({ type }) => type)).toEqual(['snapshot', 'snapshot'])
    socket.close()
  })

  it('are limited in number', async () => {
    await start({ live: { subscriptions: 2 } })
    const { messages, subscribe, socket } = await openTab()
    for (const id of [1, 2, 3]) subscribe(id, query)
    await eventually(() => messages.find(({ id }) => id === 3)).toMatchObject({
      status: { code: 429 },
      retrying: false,
    })
    socket.close()
  })

  it('drop a browser that does not read, and hold the cluster back until then', async () => {
    await start({ live: { bufferedBytes: 256 * 1024, drainMs: 600 } })
    const { socket, subscribe } = await openTab()
    subscribe(1, query)
    await opened().toBe(1)
    socket.pause()
    const ended = endOf(socket)
    const filler = 'x'.repeat(100_000)
    const isDropped = () => fixture.logged().some(({ msg }) => msg === 'a slow browser was dropped')
    let held = 0
    for (let index = 0; index < 2_000 && !isDropped(); index += 1) {
      for (const watch of watches) {
        // What the API server could not send lies here, not in the gateway.
        if (watch.writableLength < 16 * 1024 * 1024) emit('ADDED', { ...configMap(`big-${index}`), data: { filler } })
        held = Math.max(held, watch.writableLength)
      }
      await sleep(1)
    }
    await eventually(isDropped).toBe(true)
    socket.resume()
    expect(await ended).toMatchObject({ code: 1013 })
    expect(held).toBeGreaterThan(1024 * 1024)
    await opened().toBe(0)
  })

  it('end with the session', async () => {
    let now = Date.now()
    await start({ clock: () => now })
    const { socket } = await openTab()
    const ended = endOf(socket)
    now += 9 * 60 * 60 * 1000
    fixture.gateway.sweepSessions()
    expect(await ended).toMatchObject({ code: 4401 })
  })
})
