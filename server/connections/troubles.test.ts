import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LiveMessage } from '@/contract/live'
import { createTlsConnection } from '@/server/cluster/tls-connection'
import {
  adminToken,
  configMap,
  configMaps,
  startTestServer,
  type TestServer,
} from '@/server/embedded/testing/start-test-server'
import { runLiveSubscription } from '@/server/inventory/live-subscription'
import { type Connections, createConnections } from './connections'
import { type FaultyApi, startFaultyApi } from './faulty-api.fixture'

let server: TestServer
let api: FaultyApi
let connections: Connections
const leaving: (() => void)[] = []

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

beforeEach(async () => {
  api = await startFaultyApi(server.url)
  connections = createConnections({
    pace: { idleMs: 60_000, lookedAtMs: 100, retryMs: 20 },
    answerWithinMs: 300,
  })
  connections.set({
    name: 'lab',
    displayName: 'Lab',
    type: 'kubeconfig',
    connection: createTlsConnection({
      name: 'lab',
      server: new URL(api.url),
      credentials: async () => ({ headers: { authorization: `Bearer ${adminToken}` }, tls: {} }),
    }),
  })
})
afterEach(async () => {
  for (const leave of leaving.splice(0)) leave()
  connections.close()
  await api.stop()
})

const health = () => connections.find('lab')?.health.current()
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 8_000, interval: 15 })
/** Probes run often only while somebody looks. */
const lookAtIt = () => leaving.push(connections.onOutage('lab', () => undefined))

/** What a browser tab that follows the ConfigMaps is told. */
function openPage(): { told: LiveMessage[]; now(): 'live' | 'stale' | 'nothing'; names(): string[] } {
  const told: LiveMessage[] = []
  const gone = new AbortController()
  leaving.push(() => gone.abort())
  const connection = connections.get('lab')
  if (!connection) throw new Error('there is no lab')
  void runLiveSubscription({
    id: 1,
    connection,
    query: { cluster: 'lab', group: '', version: 'v1', plural: 'configmaps', namespace: 'default' },
    identity: { type: 'self' },
    signal: gone.signal,
    silenceMs: 400,
    onOutage: (listener) => connections.onOutage('lab', listener),
    send: async (message) => {
      told.push(message)
    },
  })
  return {
    told,
    now() {
      const last = told.findLast(({ type }) => type === 'snapshot' || type === 'stale')
      return last === undefined ? 'nothing' : last.type === 'snapshot' ? 'live' : 'stale'
    },
    names() {
      const last = told.findLast((message) => message.type === 'snapshot')
      return last?.type === 'snapshot' ? last.items.map(({ metadata }) => metadata.name) : []
    },
  }
}

describe('the health of a connection', () => {
  it('tells the version and how long an answer took', async () => {
    lookAtIt()
    await eventually(() => health()?.state).toBe('connected')
    expect(health()?.latencyMs).toBeGreaterThan(0)
    expect(connections.find('lab')?.health.version()).toMatch(/^v1\./)
  })

  const troubles: [what: string, fault: FaultyApi['fault'], state: string, words: RegExp][] = [
    ['hangs', 'hang', 'unreachable', /did not answer in time/],
    [
      'fails',
      { status: 500, body: '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed' },
      'refusing',
      /in trouble \(500\).*etcd failed/,
    ],
    [
      'is overloaded',
      { status: 429, body: '{"kind":"Status","message":"too many requests"}' },
      'refusing',
      /overloaded.*too many requests/,
    ],
    [
      'no longer accepts the credentials',
      { status: 401, body: '{"kind":"Status","message":"Unauthorized"}' },
      'refusing',
      /does not accept the credentials/,
    ],
    ['forbids everything', { status: 403, body: '{}' }, 'refusing', /forbids/],
    [
      'has a portal in front that answers with a page',
      { status: 200, type: 'text/html', body: '<html>Sign in to the network' },
      'refusing',
      /not as a Kubernetes API server \(text\/html\)/,
    ],
    ['answers with garbage', { status: 200, body: '\u0000\u0001{{{' }, 'refusing', /not as a Kubernetes API server/],
    [
      'sends one elsewhere',
      { status: 302, headers: { location: 'http://169.254.169.254/' } },
      'refusing',
      /redirection/,
    ],
  ]
  it.each(troubles)('says so when the API server %s, and recovers by itself', async (_what, fault, state, words) => {
    lookAtIt()
    await eventually(() => health()?.state).toBe('connected')
    api.fault = fault
    await eventually(() => health()?.state).toBe(state)
    expect(health()?.message).toMatch(words)
    expect(health()?.message).not.toContain('<')
    api.fault = 'none'
    await eventually(() => health()?.state).toBe('connected')
    expect(health()?.message).toBeUndefined()
  })

  it('says so when nobody listens, and since when', async () => {
    lookAtIt()
    await eventually(() => health()?.state).toBe('connected')
    await api.stop()
    await eventually(() => health()?.state).toBe('unreachable')
    const { since, message } = health() ?? {}
    expect(message).toMatch(/connection was refused/)
    expect(message).not.toMatch(/127\.0\.0\.1|token/)
    await sleep(200)
    expect(health()?.since).toBe(since)
    await api.start()
    await eventually(() => health()?.state).toBe('connected')
  })

  it('waits as long as an overloaded server asks for', async () => {
    api.fault = { status: 429, headers: { 'retry-after': '1' } }
    lookAtIt()
    await eventually(() => health()?.code).toBe(429)
    const asked = api.requests.length
    await sleep(600)
    expect(api.requests).toHaveLength(asked)
    api.fault = 'none'
    await eventually(() => health()?.state).toBe('connected')
  })

  it('asks once at the start, and seldom while nobody looks', async () => {
    await eventually(() => health()?.state).toBe('connected')
    const asked = [...api.requests]
    await sleep(300)
    expect(api.requests).toEqual(asked)
    connections.find('lab')?.health.look()
    await eventually(() => api.requests.length).toBeGreaterThan(asked.length)
  })

  it('follows a connection that is replaced, and says of one that was removed that it is gone', async () => {
    const outages: string[] = []
    leaving.push(connections.onOutage('lab', (message) => outages.push(message)))
    await eventually(() => health()?.state).toBe('connected')
    const held = connections.get('lab')
    connections.set({
      name: 'lab',
      displayName: 'Lab',
      type: 'kubeconfig',
      connection: createTlsConnection({
        name: 'lab',
        server: new URL('http://127.0.0.1:9'),
        credentials: async () => ({ headers: {}, tls: {} }),
      }),
    })
    expect(connections.get('lab')).toBe(held)
    await eventually(() => outages.length).toBeGreaterThan(0)
    connections.remove('lab')
    expect(connections.get('lab')).toBeUndefined()
    await expect(held?.request({ method: 'GET', path: '/', identity: { type: 'self' } })).rejects.toThrow(/removed/)
  })
})

describe('a page that follows a list', () => {
  it('is told that what it has is old while the API server restarts, and gets what is new afterwards', async () => {
    const page = openPage()
    await eventually(() => page.now()).toBe('live')
    await api.stop()
    await eventually(() => page.now()).toBe('stale')
    await server.call('POST', configMaps, { body: configMap('while-away') })
    await api.start()
    await eventually(() => page.now()).toBe('live')
    expect(page.names()).toContain('while-away')
  })

  it('is told so when the API server hangs with every connection open', async () => {
    const page = openPage()
    await eventually(() => page.now()).toBe('live')
    await eventually(() => health()?.state).toBe('connected')
    api.fault = 'freeze'
    await server.call('POST', configMaps, { body: configMap('unheard') })
    await eventually(() => page.now()).toBe('stale')
    expect(page.told.at(-1)).toMatchObject({ type: 'stale', message: expect.stringMatching(/did not answer in time/) })
    api.fault = 'none'
    await eventually(() => page.now()).toBe('live')
    expect(page.names()).toContain('unheard')
  })

  const answers: [what: string, fault: FaultyApi['fault'], words: RegExp][] = [
    ['500', { status: 500, body: '{"kind":"Status","code":500,"message":"etcd is unhappy"}' }, /etcd is unhappy/],
    ['429', { status: 429, body: 'slow down' }, /slow down/],
    ['half a list', { status: 200, body: '{"kind":"ConfigMapList","items":[{' }, /not one of the Kubernetes API/],
    ['JSON of something else', { status: 200, body: '{"hello":"world"}' }, /not one of the Kubernetes API/],
    [
      'a page',
      { status: 200, type: 'text/html', body: '<h1>502</h1>' },
      /not one of the Kubernetes API \(text\/html\)/,
    ],
    ['an error page', { status: 503, type: 'text/html', body: '<h1>503</h1>' }, /answered 503/],
    ['nothing', 'hang', /did not answer in time/],
  ]
  it.each(answers)('is told so when the answer is %s', async (_what, fault, words) => {
    api.fault = fault
    const page = openPage()
    await eventually(() => page.now()).toBe('stale')
    expect(page.told[0]).toMatchObject({ type: 'stale', message: expect.stringMatching(words) })
    expect(JSON.stringify(page.told)).not.toContain('<h1>')
    api.fault = 'none'
    await eventually(() => page.now()).toBe('live')
  })

  it('goes on after its watch was dropped, without losing what happened meanwhile', async () => {
    const page = openPage()
    await eventually(() => page.now()).toBe('live')
    await eventually(() => api.requests.filter((request) => request.endsWith('/configmaps')).length).toBeGreaterThan(1)
    api.dropStreams()
    await server.call('POST', configMaps, { body: configMap('meanwhile') })
    await eventually(() => JSON.stringify(page.told)).toContain('meanwhile')
    await eventually(() => page.now()).toBe('live')
  })

  it('is not asked for again before an overloaded server wants it', async () => {
    api.fault = { status: 429, headers: { 'retry-after': '2' } }
    const page = openPage()
    const lists = () => api.requests.filter((request) => request.endsWith('/configmaps')).length
    await eventually(() => page.now()).toBe('stale')
    await sleep(1_000)
    expect(lists()).toBe(1)
    api.fault = 'none'
    await eventually(() => page.now()).toBe('live')
  })
})
