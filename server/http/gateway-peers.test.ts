import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { namespaceKind } from '@/contract/kinds/core'
import { createKubeClient } from '@/server/cluster/client/kube-client'
import { silentLog } from '@/server/cluster/log'
import { createTlsConnection } from '@/server/cluster/tls-connection'
import { adminToken, startTestServer, type TestServer } from '@/server/embedded/testing/start-test-server'
import { type Peers, startPeers } from '@/server/peers/peers'
import { openSecretRecordStore } from '@/server/records/secret-record-store'
import type { GatewayOptions } from './gateway'
import {
  endOf,
  eventually,
  type GatewayFixture,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

interface Replica {
  name: string
  fixture: GatewayFixture
  peers: Peers
  /** Nothing answers any more, but nobody has been told: it goes on being listed. */
  die(): Promise<void>
  stop(): Promise<void>
}

const timings = { beat: 200, gone: 1_500, shunned: 1_000 }

let api: TestServer
let replicas: Replica[]
let namespaces = 0

beforeAll(async () => {
  api = await startTestServer()
})
afterAll(() => api.close())
afterEach(async () => {
  await Promise.all(replicas.map(({ stop }) => stop()))
})

function connectToApi() {
  return createTlsConnection({
    name: 'test',
    server: new URL(api.url),
    credentials: async () => ({ headers: { authorization: `Bearer ${adminToken}` }, tls: {} }),
  })
}

/** A console of its own on an address of its own, as pods have; the machines behind it say which one it is. */
async function startReplica(name: string, where: { host: string; port: number; namespace: string }): Promise<Replica> {
  const connection = connectToApi()
  const client = createKubeClient(connection, { identity: { type: 'self' } })
  const records = await openSecretRecordStore({ client, namespace: where.namespace, log: silentLog })
  const { host, port } = where
  let peers: Peers | undefined
  let dead = false
  const joinPeers: GatewayOptions['joinPeers'] = async (self) => {
    const joined = await startPeers({ ...self, records, address: host, log: silentLog, timings })
    peers = joined
    return { ...joined, close: async () => (dead ? undefined : joined.close()) }
  }
  const fixture = await startFixture({ host, port, records, joinPeers })
  const streams = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  fixture.upstream.on('upgrade', (request, socket, head) => {
    streams.handleUpgrade(request, socket, head, (stream) => {
      stream.send(Buffer.from(`${name} as ${request.headers['impersonate-user']}`))
      stream.on('message', (data) => stream.send(data, { binary: true }))
    })
  })
  if (!peers) throw new Error('it did not join')
  const joined = peers
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= fixture.stop().then(async () => {
      await joined.close()
      await records.close()
      connection.close()
    })
    return stopped
  }
  return {
    name,
    fixture,
    peers,
    stop,
    async die() {
      dead = true
      await fixture.gateway.close()
    },
  }
}

/** Two replicas that know each other, and a person who has signed in at the first one. */
async function startTwo(): Promise<{ one: Replica; two: Replica; person: SignedIn }> {
  const namespace = `peers-${(namespaces += 1)}`
  const connection = connectToApi()
  await createKubeClient(connection, { identity: { type: 'self' } }).create(namespaceKind, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
  connection.close()
  const one = await startReplica('one', { host: '127.0.0.1', port: 0, namespace })
  replicas = [one]
  const two = await startReplica('two', { host: '127.0.0.2', port: one.fixture.gateway.port, namespace })
  replicas.push(two)
  await eventually(() => [one.peers.others().length, two.peers.others().length]).toEqual([1, 1])
  return { one, two, person: await signIn(one.fixture) }
}

function openConsole({ fixture }: Replica, machine: string, person: SignedIn) {
  return openSocket(fixture, `/consoles/local/default/${machine}/serial`, {
    cookie: person.cookie,
    origin: fixture.gateway.url,
  })
}

/** Who answered, and that bytes go both ways. */
async function talk(through: Replica, machine: string, person: SignedIn): Promise<string> {
  const socket = openConsole(through, machine, person)
  const [first] = await once(socket, 'message')
  socket.send(Buffer.from('echo'))
  expect(String((await once(socket, 'message'))[0])).toBe('echo')
  socket.close()
  return String(first)
}

const machines = Array.from({ length: 12 }, (_, index) => `vm-${index}`)
const machineOf = (replica: Replica) => {
  const found = machines.find((machine) => replica.peers.owns(`/consoles/local/default/${machine}`))
  if (!found) throw new Error(`${replica.name} has no machine`)
  return found
}

describe('replicas of a console', () => {
  it('agree who serves a machine, and every one of them leads there, with the session of the other', async () => {
    const { one, two, person } = await startTwo()
    for (const owner of [one, two]) {
      const machine = machineOf(owner)
      for (const through of [one, two]) {
        await expect.poll(() => talk(through, machine, person), { timeout: 5_000 }).toBe(`${owner.name} as admin`)
      }
    }
  })

  it('serve a machine themselves when its owner does not answer, before anybody has noticed its end', async () => {
    const { one, two, person } = await startTwo()
    const machine = machineOf(two)
    await two.die()
    expect(one.peers.owns(`/consoles/local/default/${machine}`)).toBe(false)
    expect(await talk(one, machine, person)).toBe('one as admin')
    // Asked once: the next one does not wait for it.
    expect(one.peers.owns(`/consoles/local/default/${machine}`)).toBe(true)
  })

  it('take over at once from one that says goodbye', async () => {
    const { one, two, person } = await startTwo()
    const machine = machineOf(two)
    const socket = openConsole(one, machine, person)
    await once(socket, 'message')
    const end = endOf(socket)
    await two.stop()
    // The browser learns that it should come again.
    expect(await end).toMatchObject({ code: 1001 })
    expect(one.peers.owns(`/consoles/local/default/${machine}`)).toBe(true)
    expect(await talk(one, machine, person)).toBe('one as admin')
  })

  it('ask for a sign-in wherever a stream arrives, and believe no client that it is a replica', async () => {
    const { one, two, person } = await startTwo()
    const machine = machineOf(two)
    const stranger = openSocket(one.fixture, `/consoles/local/default/${machine}/serial`, {
      origin: one.fixture.gateway.url,
    })
    expect(await endOf(stranger)).toEqual({ status: 401 })
    const forged = openSocket(one.fixture, `/consoles/local/default/${machine}/serial`, {
      cookie: person.cookie,
      origin: one.fixture.gateway.url,
      'x-chiave-peer': `v1.${Date.now()}.${'a'.repeat(22)}.MTI3LjAuMC4x.${'b'.repeat(43)}`,
    })
    expect(String((await once(forged, 'message'))[0])).toBe('two as admin')
    forged.close()
  })

  it('hand on the refusal of the one that serves', async () => {
    const { one, two, person } = await startTwo()
    const machine = machineOf(two)
    const socket = openSocket(one.fixture, `/consoles/local/default/${machine}/shell`, {
      cookie: person.cookie,
      origin: one.fixture.gateway.url,
    })
    expect(await endOf(socket)).toEqual({ status: 404 })
  })
})
