import { afterEach, describe, expect, it } from 'vitest'
import { type ConfigMap, configMapKind } from '@/contract/kinds/core'
import { createMemoryApi } from './client/memory-api.fixture'
import { createFakeClock, settle } from './fake-clock.fixture'
import { type InformerChange, startInformer } from './informer'
import { ApiError } from './kube-client'
import { silentLog } from './log'

const map = (name: string, namespace = 'a', owner?: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace,
    ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: owner }] } : {}),
  },
})

let stop = new AbortController()
afterEach(() => stop.abort())

function start(pageSize = 2) {
  stop = new AbortController()
  const clock = createFakeClock()
  const api = createMemoryApi({ now: clock.now })
  const changes: string[] = []
  const run = () => {
    const informer = startInformer(configMapKind, {
      client: api.client,
      signal: stop.signal,
      log: silentLog,
      clock,
      pageSize,
      random: () => 0,
    })
    informer.subscribe((change: InformerChange<ConfigMap>) =>
      changes.push(`${change.type} ${change.object.metadata.name}`),
    )
    return informer
  }
  return { api, clock, changes, run }
}

describe('an informer', () => {
  it('lists in pages, then follows every change', async () => {
    const { api, changes, run } = start()
    for (const name of ['one', 'two', 'three', 'four', 'five']) await api.client.create(configMapKind, map(name))
    const informer = run()
    expect(informer.hasSynced).toBe(false)
    await informer.synced
    expect(informer.list()).toHaveLength(5)
    expect(api.calls.filter((call) => call.startsWith('list'))).toHaveLength(3)
    const two = await api.client.get(configMapKind, { namespace: 'a', name: 'two' })
    await api.client.update(configMapKind, { ...two, data: { key: 'value' } })
    await api.client.delete(configMapKind, { namespace: 'a', name: 'one' })
    await settle()
    expect(changes.slice(5)).toEqual(['MODIFIED two', 'DELETED one'])
    expect(informer.get({ namespace: 'a', name: 'two' })?.data).toEqual({ key: 'value' })
  })

  it('lists anew after a 410 and announces what vanished meanwhile, without repeating what stayed', async () => {
    const { api, changes, clock, run } = start()
    await api.client.create(configMapKind, map('stays'))
    await api.client.create(configMapKind, map('goes'))
    const informer = run()
    await informer.synced
    await settle()
    changes.length = 0
    api.breakWatches(true)
    await api.client.delete(configMapKind, { namespace: 'a', name: 'goes' })
    await api.client.create(configMapKind, map('comes'))
    await settle()
    await clock.advance(60_000)
    expect(changes.sort()).toEqual(['ADDED comes', 'DELETED goes'])
  })

  it('goes on from where it was when the server merely ends the stream', async () => {
    const { api, changes, clock, run } = start()
    await api.client.create(configMapKind, map('first'))
    await run().synced
    await settle()
    api.breakWatches(false)
    await api.client.create(configMapKind, map('second'))
    await clock.advance(60_000)
    expect(changes).toEqual(['ADDED first', 'ADDED second'])
    expect(api.calls.filter((call) => call.startsWith('list'))).toHaveLength(1)
  })

  it('keeps trying with growing pauses while the server is away', async () => {
    const { api, clock, run } = start()
    let attempts = 0
    api.before = () => {
      attempts += 1
      throw new Error('connection refused')
    }
    const informer = run()
    await clock.advance(3_100)
    expect(attempts).toBe(5) // at 0, 0.2, 0.6, 1.4 and 3 s
    expect(informer.hasSynced).toBe(false)
    api.before = undefined
    await clock.advance(30_000)
    expect(informer.hasSynced).toBe(true)
  })

  it('refuses changes to what it holds and finds objects by owner, uid and namespace', async () => {
    const { api, run } = start()
    await api.client.create(configMapKind, map('mine', 'a', 'owner-1'))
    await api.client.create(configMapKind, map('other', 'b', 'owner-2'))
    const informer = run()
    await informer.synced
    const [mine] = informer.ownedBy('owner-1')
    expect(mine?.metadata.name).toBe('mine')
    expect(informer.list('b').map((object) => object.metadata.name)).toEqual(['other'])
    expect(informer.byUid(mine?.metadata.uid ?? '')).toBe(mine)
    expect(() => Object.assign(mine?.metadata ?? {}, { name: 'changed' })).toThrow(TypeError)
  })

  it('treats an object made anew under an old name as another one', async () => {
    const { api, changes, run } = start()
    await api.client.create(configMapKind, map('same'))
    const informer = run()
    await informer.synced
    const before = informer.list()[0]?.metadata.uid
    api.breakWatches(true)
    await api.client.delete(configMapKind, { namespace: 'a', name: 'same' })
    await api.client.create(configMapKind, map('same'))
    await settle(60)
    expect(informer.list()[0]?.metadata.uid).not.toBe(before)
    expect(changes.filter((change) => change === 'ADDED same')).toHaveLength(2)
  })

  it('rejects the wait for the first list when it is stopped before', async () => {
    const { api, clock, run } = start()
    api.before = () => {
      throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 503 })
    }
    const informer = run()
    const refused = expect(informer.synced).rejects.toThrow('stopped')
    await clock.advance(300)
    stop.abort()
    await refused
  })
})
