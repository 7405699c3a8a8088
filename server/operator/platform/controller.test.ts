import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CustomResourceDefinition, customResourceDefinitionKind } from '@/contract/kinds/core'
import { type KubeVirt, kubeVirtKind } from '@/contract/kinds/platform'
import { type Platform, platformKind } from '@/contract/kinds/platform-chiave'
import { createMemoryApi, type MemoryApi } from '@/server/cluster/client/memory-api.fixture'
import { createFakeClock, type FakeClock, settle } from '@/server/cluster/fake-clock.fixture'
import { silentLog } from '@/server/cluster/log'
import { createOperatorMetrics } from './metrics'
import { startPlatform } from './start-platform'

let clock: FakeClock
let api: MemoryApi
let stops: (() => Promise<void>)[]

beforeEach(() => {
  clock = createFakeClock()
  api = createMemoryApi({ now: clock.now })
  stops = []
})
afterEach(async () => {
  api.before = undefined
  api.after = undefined
  for (const stop of stops) await stop()
})

function start(version = '1.2.3', metrics = createOperatorMetrics(version)) {
  const stop = new AbortController()
  const running = startPlatform({ client: api.client, version, log: silentLog, clock, metrics, signal: stop.signal })
  const end = async () => {
    stop.abort()
    await running.stopped
  }
  stops.push(end)
  return { end, metrics }
}

const definition = (name: string, version = 'v1'): CustomResourceDefinition => {
  const [plural = '', ...group] = name.split('.')
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: group.join('.'),
      scope: 'Namespaced',
      names: { plural, kind: plural === 'kubevirts' ? 'KubeVirt' : plural },
      versions: [{ name: version, served: true, storage: true, schema: {} }],
    },
  }
}

const kubeVirt = (conditions: NonNullable<KubeVirt['status']>['conditions']): KubeVirt => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'KubeVirt',
  metadata: { name: 'kubevirt', namespace: 'kubevirt' },
  status: { phase: 'Deployed', observedKubeVirtVersion: 'v1.7.0', ...(conditions ? { conditions } : {}) },
})

/** As its operator does: the object first, what there is to tell of it afterwards. */
async function installKubeVirt(conditions: NonNullable<KubeVirt['status']>['conditions']): Promise<KubeVirt> {
  const object = kubeVirt(conditions)
  const created = await api.client.create(kubeVirtKind, object)
  return api.client.updateStatus(kubeVirtKind, { ...created, status: object.status ?? {} })
}

const platform = (): Platform | undefined => api.all(platformKind)[0]
const component = (name: string) => platform()?.status?.components?.find((part) => part.name === name)
const ready = () => platform()?.status?.conditions?.find(({ type }) => type === 'Ready')

async function pass(ms: number) {
  await clock.advance(ms)
  await settle()
}

describe('the platform controller', () => {
  it('makes the one Platform and says that KubeVirt is missing where nothing is installed', async () => {
    start()
    await pass(0)
    expect(platform()?.status).toMatchObject({ operatorVersion: '1.2.3' })
    expect(component('kubevirt')).toEqual({ name: 'kubevirt', present: false })
    expect(ready()).toMatchObject({ status: 'False', reason: 'KubeVirtMissing' })
  })

  it('notices what is installed, with the version and the words of its own operator', async () => {
    start()
    await pass(0)
    await api.client.create(customResourceDefinitionKind, definition('kubevirts.kubevirt.io'))
    await pass(100)
    expect(component('kubevirt')).toMatchObject({ present: true, ready: false })
    const degraded = { type: 'Degraded', status: 'True' as const, message: 'virt-handler is not rolled out' }
    const created = await installKubeVirt([degraded])
    await pass(31_000)
    expect(component('kubevirt')).toEqual({
      name: 'kubevirt',
      present: true,
      version: 'v1.7.0',
      ready: false,
      message: 'virt-handler is not rolled out',
    })
    expect(ready()).toMatchObject({ status: 'False', message: 'Not ready: kubevirt.' })
    const since = ready()?.lastTransitionTime
    await api.client.updateStatus(kubeVirtKind, {
      ...created,
      status: { ...created.status, conditions: [{ type: 'Available', status: 'True' }] },
    })
    await pass(31_000)
    expect(component('kubevirt')).toEqual({ name: 'kubevirt', present: true, version: 'v1.7.0', ready: true })
    expect(ready()).toMatchObject({ status: 'True' })
    expect(ready()?.lastTransitionTime).not.toBe(since)
  })

  it('writes nothing while nothing changes, except its sign of life every five minutes', async () => {
    start()
    await pass(1_000)
    const writes = () => api.calls.filter((call) => /^(create|update)/.test(call)).length
    const before = writes()
    const heartbeat = platform()?.status?.lastHeartbeat
    await pass(4 * 60_000)
    expect(writes()).toBe(before)
    await pass(2 * 60_000)
    expect(writes()).toBe(before + 1)
    expect(platform()?.status?.lastHeartbeat).not.toBe(heartbeat)
  })

  it('reports the others when one cannot be read, and makes the object again when somebody deletes it', async () => {
    await api.client.create(customResourceDefinitionKind, definition('kubevirts.kubevirt.io'))
    await api.client.create(customResourceDefinitionKind, definition('cdis.cdi.kubevirt.io', 'v1beta1'))
    await installKubeVirt([{ type: 'Available', status: 'True' }])
    start()
    await pass(100)
    await api.client.delete(platformKind, { name: 'chiave' })
    await pass(100)
    expect(component('kubevirt')).toMatchObject({ ready: true })
    expect(component('cdi')).toMatchObject({ present: true, ready: false })
  })

  it('comes to the same end whenever it is killed between two steps', async () => {
    await api.client.create(customResourceDefinitionKind, definition('kubevirts.kubevirt.io'))
    await installKubeVirt([{ type: 'Available', status: 'True' }])
    for (const moment of ['before', 'after'] as const) {
      for (let step = 0; step < 12; step += 1) {
        await api.client.delete(platformKind, { name: 'chiave' })
        let left = step
        const kill = () => {
          if (left-- <= 0) throw new Error('killed')
        }
        const { end } = start()
        api[moment] = kill
        await pass(50)
        await end()
        api[moment] = undefined
        const next = start()
        await pass(1_000)
        expect(component('kubevirt'), `${moment} call ${step}`).toMatchObject({ ready: true, version: 'v1.7.0' })
        await next.end()
      }
    }
  })

  it('counts its work', async () => {
    const { metrics } = start()
    await pass(100)
    const text = await metrics.registry.metrics()
    expect(text).toMatch(/chiave_reconcile_total\{controller="chiave-platform",result="requeue"\} [1-9]/)
    expect(text).toContain('chiave_workqueue_depth{controller="chiave-platform"} 0')
  })
})
