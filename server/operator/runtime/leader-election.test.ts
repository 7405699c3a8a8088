import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { leaseKind, namespaceKind } from '@/contract/kinds/core'
import { createMemoryApi, type MemoryApi } from '@/server/cluster/client/memory-api.fixture'
import { createFakeClock, type FakeClock, settle } from '@/server/cluster/fake-clock.fixture'
import { silentLog } from '@/server/cluster/log'
import { createFencedClient, NoLongerLeading } from './fenced-client'
import { type LeaderElection, type Leadership, startLeaderElection } from './leader-election'

const lease = { namespace: 'chiave-system', name: 'chiave-operator' }

interface Candidate {
  election: LeaderElection
  stop: AbortController
  /** The leaderships so far. */
  led: Leadership[]
  /** Nothing it asks of the API is answered from now on. */
  cutOff: boolean
  /** How long the process was stopped without a timer of its having noticed. */
  asleepMs: number
}

let clock: FakeClock
let api: MemoryApi
let candidates: Candidate[]

beforeEach(() => {
  clock = createFakeClock()
  api = createMemoryApi({ now: clock.now })
  candidates = []
})
afterEach(async () => {
  for (const { stop } of candidates) stop.abort()
  await settle()
})

const noElection: LeaderElection = { isLeader: false, leader: undefined, onChange() {}, stopped: Promise.resolve() }

function candidate(identity: string, { skewMs = 0 } = {}): Candidate {
  const stop = new AbortController()
  const made: Candidate = { stop, led: [], cutOff: false, asleepMs: 0, election: noElection }
  const reach = <T>(call: () => Promise<T>): Promise<T> => (made.cutOff ? new Promise(() => undefined) : call())
  const { client } = api
  made.election = startLeaderElection({
    client: {
      ...client,
      find: (kind, ref) => reach(() => client.find(kind, ref)),
      create: (kind, object) => reach(() => client.create(kind, object)),
      update: (kind, object) => reach(() => client.update(kind, object)),
    },
    lease,
    identity,
    lead: (leadership) => {
      made.led.push(leadership)
      return new Promise((resolve) => leadership.signal.addEventListener('abort', () => resolve(), { once: true }))
    },
    log: silentLog,
    clock: { ...clock, now: () => clock.now() + skewMs },
    monotonic: () => clock.now() + made.asleepMs,
    random: () => 0,
    signal: stop.signal,
  })
  candidates.push(made)
  return made
}

const leaders = () => candidates.filter(({ led }) => led.at(-1)?.holds()).length
const held = () => api.client.get(leaseKind, lease)

/** Time passes; at no moment do two candidates hold the leadership. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await clock.advance(500)
    await settle()
    expect(leaders()).toBeLessThan(2)
  }
}

describe('leader election', () => {
  it('lets one of two lead, and the other take over within 15 s when it dies', async () => {
    const one = candidate('one')
    await settle()
    const two = candidate('two')
    await pass(30_000)
    expect([one.election.isLeader, two.election.isLeader]).toEqual([true, false])
    expect(two.election.leader).toBe('one')
    one.cutOff = true
    await pass(10_000)
    expect(one.election.isLeader).toBe(false)
    expect(one.led[0]?.signal.aborted).toBe(true)
    await pass(8_000)
    expect(two.election.isLeader).toBe(true)
    expect((await held()).spec).toMatchObject({
      holderIdentity: 'two',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      renewTime: expect.stringMatching(/\.\d{6}Z$/),
    })
  })

  it('gives the lease back on a stop, so that the next one need not wait', async () => {
    const one = candidate('one')
    await settle()
    const two = candidate('two')
    await pass(2_000)
    one.stop.abort()
    await one.election.stopped
    await pass(3_000)
    expect(two.election.isLeader).toBe(true)
    expect(one.led).toHaveLength(1)
  })

  it('does not care whether clocks are hours apart', async () => {
    const one = candidate('one', { skewMs: -3 * 3_600_000 })
    await settle()
    const two = candidate('two', { skewMs: 3_600_000 })
    await pass(40_000)
    expect([one.election.isLeader, two.election.isLeader]).toEqual([true, false])
    expect(two.led).toHaveLength(0)
  })

  it('leads on through failures shorter than the deadline, and again after a longer one', async () => {
    const one = candidate('one')
    await settle()
    api.before = () => {
      throw new Error('no connection')
    }
    await pass(8_000)
    api.before = undefined
    await pass(20_000)
    expect(one.led).toHaveLength(1)
    api.before = () => {
      throw new Error('no connection')
    }
    await pass(12_000)
    expect(one.election.isLeader).toBe(false)
    api.before = undefined
    await pass(3_000)
    expect(one.election.isLeader).toBe(true)
    expect(one.led).toHaveLength(2)
  })

  it('stops at once when it sees that another one holds the lease', async () => {
    const one = candidate('one')
    await settle()
    const mine = await held()
    await api.client.update(leaseKind, { ...mine, spec: { ...mine.spec, holderIdentity: 'thief' } })
    await pass(3_000)
    expect(one.election.isLeader).toBe(false)
  })

  it('holds back writes of a process that was stopped beyond its deadline, before any timer tells it', async () => {
    const one = candidate('one')
    await settle()
    const leadership = one.led[0]
    if (!leadership) throw new Error('does not lead')
    const fenced = createFencedClient(api.client, leadership.holds)
    await fenced.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } })
    one.asleepMs = 20_000
    const late = fenced.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' } })
    await expect(late).rejects.toBeInstanceOf(NoLongerLeading)
    expect(api.all(namespaceKind).map(({ metadata }) => metadata.name)).toEqual(['a'])
  })
})
