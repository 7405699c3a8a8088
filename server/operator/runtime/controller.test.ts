import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigMap, configMapKind, type Secret, secretKind } from '@/contract/kinds/core'
import type { ObjectRef } from '@/contract/kube-object'
import { createMemoryApi, type MemoryApi } from '@/server/cluster/client/memory-api.fixture'
import { createFakeClock, type FakeClock, settle } from '@/server/cluster/fake-clock.fixture'
import type { Log } from '@/server/cluster/log'
import { type ControllerDefinition, controllerReference, type Outcome, TerminalError, watchKind } from './controller'
import { createManager, type Manager } from './manager'

let clock: FakeClock
let api: MemoryApi
let stop: AbortController
let manager: Manager
let calls: string[]
let errors: string[]
let answer: (ref: ObjectRef) => Promise<Outcome | undefined>

const configMap = (name: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'a' },
})

beforeEach(() => {
  clock = createFakeClock()
  api = createMemoryApi({ now: clock.now })
  stop = new AbortController()
  calls = []
  errors = []
  answer = async () => undefined
  const say = (_fields: object, message: string) => void errors.push(message)
  const log: Log = { debug() {}, info() {}, warn: say, error: say }
  manager = createManager({ client: api.client, log, clock, signal: stop.signal })
})
afterEach(async () => {
  stop.abort()
  await manager.stopped()
})

const controller = (more: Partial<ControllerDefinition> = {}): ControllerDefinition => ({
  name: 'test',
  for: configMapKind,
  reconcile: async (ref) => {
    calls.push(ref.name)
    return answer(ref)
  },
  ...more,
})

describe('a controller', () => {
  it('is called for everything there is, but not before all caches are complete', async () => {
    await api.client.create(configMapKind, configMap('one'))
    api.before = (call) => {
      if (call.startsWith('list secrets')) throw new Error('not yet')
    }
    manager.add(controller({ owns: [secretKind] }))
    const started = manager.start()
    await settle()
    expect(calls).toEqual([])
    api.before = undefined
    await clock.advance(1_000)
    await started
    await settle()
    expect(calls).toEqual(['one'])
    expect(manager.informers.of(secretKind).hasSynced).toBe(true)
  })

  it('is called when a child of its object changes, and when what it watches does', async () => {
    const one = await api.client.create(configMapKind, configMap('one'))
    manager.add(
      controller({
        owns: [secretKind],
        watches: [watchKind(secretKind, ({ data }) => (data?.['for'] ? [{ namespace: 'a', name: data['for'] }] : []))],
      }),
    )
    await manager.start()
    await settle()
    calls.length = 0
    const child: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'child', namespace: 'a', ownerReferences: [controllerReference(configMapKind, one)] },
    }
    await api.client.create(secretKind, child)
    await settle()
    expect(calls).toEqual(['one'])
    await api.client.create(secretKind, {
      ...child,
      metadata: { name: 'free', namespace: 'a' },
      data: { for: 'another' },
    })
    await settle()
    expect(calls).toEqual(['one', 'another'])
  })

  it('is called again after what it asks for, and with growing pauses while it fails', async () => {
    manager.add(controller())
    await manager.start()
    let failures = 3
    answer = async () => {
      if (failures-- > 0) throw new Error('not now')
      return { requeueAfter: 5_000 }
    }
    await api.client.create(configMapKind, configMap('one'))
    await clock.advance(2_000)
    expect(calls).toHaveLength(4)
    expect(errors).toHaveLength(3)
    await clock.advance(5_000)
    expect(calls).toHaveLength(5)
  })

  it('gives up on a terminal error until something changes', async () => {
    manager.add(controller())
    await manager.start()
    answer = async () => {
      throw new TerminalError('never')
    }
    const one = await api.client.create(configMapKind, configMap('one'))
    await clock.advance(600_000)
    expect(calls).toHaveLength(1)
    await api.client.update(configMapKind, { ...one, data: { a: 'b' } })
    await clock.advance(1_000)
    expect(calls).toHaveLength(2)
  })

  it('never works on one object twice at once, and ends what is under way before it counts as stopped', async () => {
    manager.add(controller({ workers: 3 }))
    await manager.start()
    let running = 0
    let most = 0
    let release = () => {}
    answer = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => (release = resolve))
      running -= 1
      return undefined
    }
    const one = await api.client.create(configMapKind, configMap('one'))
    await settle()
    await api.client.update(configMapKind, { ...one, data: { a: 'b' } })
    await settle()
    expect(calls).toEqual(['one'])
    release()
    await settle()
    expect(calls).toEqual(['one', 'one'])
    expect(most).toBe(1)
    stop.abort()
    let ended = false
    const stopped = manager.stopped().then(() => (ended = true))
    await settle()
    expect(ended).toBe(false)
    release()
    await stopped
  })
})
