import { connect as connectTcp, createServer as createTcp, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namespaceKind, type Secret, secretKind } from '@/contract/kinds/core'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Connection } from '../cluster/connection'
import type { KubeClient } from '../cluster/kube-client'
import { silentLog } from '../cluster/log'
import { createTlsConnection } from '../cluster/tls-connection'
import { adminToken, startTestServer, type TestServer } from '../embedded/testing/start-test-server'
import { recordKeysName } from './record-keys'
import { RecordConflict } from './record-store'
import { describeRecordStore } from './record-store.conformance'
import { openSecretRecordStore } from './secret-record-store'

let server: TestServer
let connection: Connection
let client: KubeClient
let count = 0

const connect = (url: string) =>
  createTlsConnection({
    name: 'test',
    server: new URL(url),
    credentials: async () => ({ headers: { authorization: `Bearer ${adminToken}` }, tls: {} }),
  })

beforeAll(async () => {
  server = await startTestServer()
  connection = connect(server.url)
  client = createKubeClient(connection, { identity: { type: 'self' } })
})
afterAll(async () => {
  connection.close()
  await server.close()
})

async function newNamespace(): Promise<string> {
  const name = `chiave-${(count += 1)}`
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return name
}

const secretsIn = async (namespace: string) =>
  (await client.list(secretKind, { namespace, labelSelector: 'chiave.io/collection' })).items

async function open(namespace: string, through = client) {
  const store = await openSecretRecordStore({ client: through, namespace, log: silentLog })
  return { store, sessions: await store.open('sessions') }
}

async function makePlace() {
  const namespace = await newNamespace()
  return {
    open: () => openSecretRecordStore({ client, namespace, log: silentLog }),
    remove: () => client.delete(namespaceKind, { name: namespace }),
  }
}

describeRecordStore('records in Secrets, as any records', { makePlace, shared: true })

describe('records in Secrets', () => {
  test('two replicas share one key, and each sees within a second what the other wrote', async () => {
    const namespace = await newNamespace()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    const written = await one.sessions.put('a', { who: 'anna' })
    await expect.poll(() => two.sessions.get('a'), { timeout: 1_000, interval: 10 }).toEqual(written)
    await one.store.close()
    // The death of the one that wrote it changes nothing.
    expect(two.sessions.get('a')?.value).toEqual({ who: 'anna' })
    await two.sessions.put('a', { who: 'bruno' }, { revision: written.revision })
    await expect(two.sessions.put('a', { who: 'carla' }, { revision: written.revision })).rejects.toBeInstanceOf(
      RecordConflict,
    )
    await two.store.close()
    const later = await open(namespace)
    expect(later.sessions.get('a')?.value).toEqual({ who: 'bruno' })
    await later.store.close()
  })

  test('two replicas that write on the same revision: one wins, the other is told', async () => {
    const namespace = await newNamespace()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    const outcomes = await Promise.allSettled([
      one.sessions.put('b', 1, { revision: null }),
      two.sessions.put('b', 2, { revision: null }),
    ])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const lost = outcomes.find((outcome) => outcome.status === 'rejected')
    expect(lost?.reason).toBeInstanceOf(RecordConflict)
    await one.store.close()
    await two.store.close()
  })

  test('what one has written or removed is never shown again as it was, whatever the watch still tells', async () => {
    const namespace = await newNamespace()
    const { store, sessions } = await open(namespace)
    const seen: unknown[] = []
    sessions.onChange(() => seen.push(sessions.get('c')?.value))
    for (let round = 0; round < 20; round += 1) await sessions.put('c', round)
    await sessions.delete('c')
    await sessions.put('c', 'anew')
    await sessions.delete('c')
    await sessions.put('d', 'marker')
    await expect.poll(async () => (await secretsIn(namespace)).length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(sessions.get('c')).toBeUndefined()
    expect(seen.slice(0, 23)).toEqual([
      ...Array.from({ length: 20 }, (_, round) => round),
      undefined,
      'anew',
      undefined,
    ])
    await store.close()
  })

  test('neither names nor values of Secrets say what is in them', async () => {
    const namespace = await newNamespace()
    const { store, sessions } = await open(namespace)
    await sessions.put('e', { token: 'very-secret-token' })
    const [secret] = await secretsIn(namespace)
    expect(secret?.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'chiave', 'chiave.io/collection': 'sessions' },
    })
    const everything = Object.values(secret?.data ?? {}).map((value) => Buffer.from(value, 'base64').toString('latin1'))
    expect(everything.join()).not.toContain('secret-token')
    await store.close()
  })

  test('a sealed value moved to another record, or damaged, counts as absent; its place can be taken', async () => {
    const namespace = await newNamespace()
    const { store, sessions } = await open(namespace)
    await sessions.put('mine', { user: 'anna' })
    await sessions.put('admin', { user: 'admin' })
    const secrets = await secretsIn(namespace)
    const keyOf = (secret: Secret) => Buffer.from(secret.data?.['key'] ?? '', 'base64').toString()
    const [mine, admin] = ['mine', 'admin'].map((key) => secrets.find((secret) => keyOf(secret) === key))
    if (!mine || !admin) throw new Error('not written')
    await client.update(secretKind, { ...mine, data: { ...mine.data, value: admin.data?.['value'] ?? '' } })
    await expect.poll(() => sessions.get('mine')).toBeUndefined()
    expect(sessions.all()).toHaveLength(1)
    await sessions.put('mine', { user: 'anna' }, { revision: null })
    expect(sessions.get('mine')?.value).toEqual({ user: 'anna' })
    await store.close()
  })

  test('a further key seals from then on, and what older keys sealed stays readable', async () => {
    const namespace = await newNamespace()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    await one.sessions.put('old', 1)
    const keys = await client.get(secretKind, { namespace, name: recordKeysName })
    const next = Buffer.alloc(32, 9).toString('base64')
    await client.update(secretKind, { ...keys, data: { ...keys.data, 'key-2': next } })
    await new Promise((resolve) => setTimeout(resolve, 200))
    await one.sessions.put('new', 2)
    await expect.poll(() => two.sessions.get('new')?.value).toBe(2)
    expect(two.sessions.get('old')?.value).toBe(1)
    await one.store.close()
    await two.store.close()
  })

  test('goes on after the API server was away', async () => {
    const namespace = await newNamespace()
    const proxy = await startRelay(server.port)
    const through = connect(proxy.url)
    const flaky = createKubeClient(through, { identity: { type: 'self' } })
    const { store, sessions } = await open(namespace, flaky)
    const other = await open(namespace)
    proxy.cut()
    await expect(store.check()).rejects.toThrow()
    await other.sessions.put('f', 'meanwhile')
    proxy.mend()
    await expect.poll(() => sessions.get('f')?.value, { timeout: 10_000 }).toBe('meanwhile')
    await store.check()
    await store.close()
    await other.store.close()
    through.close()
    await proxy.close()
  }, 20_000)

  test('cannot be opened where Secrets cannot be read', async () => {
    const stranger = createTlsConnection({
      name: 'test',
      server: new URL(server.url),
      credentials: async () => ({ headers: { authorization: 'Bearer stranger-token' }, tls: {} }),
    })
    const namespace = await newNamespace()
    const refused = openSecretRecordStore({
      client: createKubeClient(stranger, { identity: { type: 'self' } }),
      namespace,
      log: silentLog,
    })
    await expect(refused).rejects.toMatchObject({ code: 403 })
    stranger.close()
  })
})

/** A real network in between that can be taken away. */
async function startRelay(port: number) {
  const sockets = new Set<Socket>()
  let down = false
  const relay = createTcp((socket) => {
    if (down) return socket.destroy()
    const upstream = connectTcp(port, '127.0.0.1')
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end.on('error', () => end.destroy()).on('close', () => sockets.delete(end))
    }
    socket.pipe(upstream).pipe(socket)
    return undefined
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  if (typeof address !== 'object' || !address) throw new Error('no port')
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      down = true
      cutAll()
    },
    mend: () => void (down = false),
    close: async () => {
      cutAll()
      await new Promise((resolve) => relay.close(resolve))
    },
  }
}
