import { describe, expect, it } from 'vitest'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { KubeObject } from '@/contract/kube-object'
import { type EngineBench, machine, startBench } from './engine-bench.fixture'

/**
 * The engine is killed at the n-th call that changes something, before or after that call has its effect, and another one
 * is started on what is left. Wherever that was, the end must be the same.
 */
interface Kill {
  at: number
  moment: 'before' | 'after'
}

const changes =
  /^(create|update|updateStatus|patch|delete|PUT|start|powerdown|kill|remove|createDisk|deleteDisk|resizeDisk) /

/** Times, versions and uids differ from run to run; what they belong to does not. */
function portrait({ api, host }: EngineBench): unknown {
  const objects = api.everything().filter(({ kind }) => !['Event', 'Lease', 'Node'].includes(kind))
  const names = new Map(objects.map((object) => [object.metadata.uid ?? '', `${object.kind} ${object.metadata.name}`]))
  const { machines, disks } = host.everything()
  const keyOf = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ''}`
  let text = JSON.stringify({
    objects: objects.map((object) => ({
      key: keyOf(object),
      ...object,
      metadata: { ...object.metadata, resourceVersion: '', generation: 0, creationTimestamp: '' },
    })),
    machines: machines.map(({ phase, spec }) => ({ phase, spec })),
    disks,
  })
  // Twice: names hold uids of other objects.
  for (let pass = 0; pass < 2; pass++) for (const [uid, name] of names) text = text.replaceAll(uid, name)
  const plain = text
    .replaceAll(/virt-launcher-one-[0-9a-f]{5}/g, 'virt-launcher-one')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'T')
    .replaceAll(/-vm-[^"]*?-\d+"/g, '-vm"')
    .replaceAll(/"(vm-generation|generation|desiredGeneration|observedGeneration)":"?\d+"?/g, '"generation":0')
  const parsed = JSON.parse(plain) as { objects: { key: string; metadata: { name: string } }[] }
  parsed.objects.sort((a, b) => `${a.key}${a.metadata.name}`.localeCompare(`${b.key}${b.metadata.name}`))
  return parsed
}

async function live(kill?: Kill): Promise<{ portraits: unknown[]; calls: number; died: boolean }> {
  const bench = await startBench()
  await bench.run(500)
  const state = { calls: 0, dead: false, died: false }
  const hook = (moment: Kill['moment']) => (call: string) => {
    if (state.dead) throw new Error('killed')
    if (!changes.test(call) || / events | leases | nodes /.test(call)) return
    if (moment === 'before') state.calls += 1
    if (kill?.at === state.calls && kill.moment === moment && !state.died) {
      state.dead = true
      state.died = true
      throw new Error('killed')
    }
  }
  for (const target of [bench.api, bench.host]) {
    target.before = hook('before')
    target.after = hook('after')
  }
  const settle = async (ms: number) => {
    await bench.run(ms)
    if (!state.dead) return
    state.dead = false
    await bench.restart()
    await bench.run(ms)
  }
  // What the person does is no part of the engine and does not count.
  const asPerson = async (act: () => Promise<unknown>) => {
    const { before, after } = bench.api
    bench.api.before = undefined
    bench.api.after = undefined
    await act()
    Object.assign(bench.api, { before, after })
  }

  const portraits: unknown[] = []
  await asPerson(() => bench.api.client.create(virtualMachineKind, machine({ runStrategy: 'RerunOnFailure' })))
  await settle(3_000)
  portraits.push(portrait(bench))
  bench.host.setMachine(bench.vmi()?.metadata.uid ?? '', 'crashed')
  await settle(4_000)
  portraits.push(portrait(bench))
  await asPerson(() => bench.api.client.delete(virtualMachineKind, { namespace: 'demo', name: 'one' }))
  await settle(6_000)
  portraits.push(portrait(bench))
  await bench.stop()
  return { portraits, calls: state.calls, died: state.died }
}

describe('an engine that is killed between any two steps', async () => {
  const whole = await live()

  it('has something to be killed at', () => {
    expect(whole.calls).toBeGreaterThan(40)
    expect(JSON.stringify(whole.portraits[0])).toContain('"printableStatus":"Running"')
    expect(JSON.stringify(whole.portraits[1])).toContain('"printableStatus":"Running"')
    expect(JSON.stringify(whole.portraits[2])).not.toContain('"namespace":"demo"')
    expect(whole.portraits[2]).toMatchObject({ machines: [], disks: [] })
  })

  // Killed after one call is killed before the next, but for the answer that is lost.
  const kills: Kill[] = Array.from({ length: whole.calls }, (_, index) => ({ at: index + 1, moment: 'after' }))
  it.each([{ at: 1, moment: 'before' } satisfies Kill, ...kills])(
    'ends alike when killed $moment call $at',
    async (kill) => {
      const { portraits, died } = await live(kill)
      expect(died).toBe(true)
      expect(portraits).toEqual(whole.portraits)
    },
  )
})
