import { describe, expect, it } from 'vitest'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { RunStrategy, StateChangeRequest, VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import { buildInstance } from './build-instance'
import { decideVirtualMachine, vmFinalizer } from './decide'
import type { ObservedVirtualMachine } from './facts'

const now = Date.UTC(2030, 0, 1)

function vm(spec: Partial<VirtualMachine['spec']>, status: VirtualMachine['status'] = {}): VirtualMachine {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'one', namespace: 'demo', uid: 'vm-uid', generation: 3, finalizers: [vmFinalizer] },
    spec: { template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} } } }, ...spec },
    status,
  }
}

function instance(of: VirtualMachine, phase: VmiPhase, more: Partial<VirtualMachineInstance['metadata']> = {}) {
  const built = buildInstance(of, { paused: false })
  return { ...built, metadata: { ...built.metadata, uid: 'vmi-uid', ...more }, status: { phase } }
}

function observe(machine: VirtualMachine, more: Partial<ObservedVirtualMachine> = {}): ObservedVirtualMachine {
  return { vm: machine, occupied: false, revisions: [], dataVolumes: new Map(), claims: new Map(), now, ...more }
}

const acts = (observed: ObservedVirtualMachine) => decideVirtualMachine(observed).actions.map(({ type }) => type)
const start = ['createRevision', 'createInstance']
const asked: StateChangeRequest[] = [{ action: 'Start' }]
const told: StateChangeRequest[] = [{ action: 'Stop', uid: 'vmi-uid' }]

describe('what a VirtualMachine calls for', () => {
  it.each<[RunStrategy, string, VmiPhase | undefined, StateChangeRequest[], RunStrategy | undefined, string[]]>([
    ['Always', 'no instance', undefined, [], undefined, start],
    ['Always', 'a running one', 'Running', [], 'Always', []],
    ['Always', 'one that ended', 'Succeeded', [], 'Always', ['deleteInstance']],
    ['Always', 'one that failed', 'Failed', [], 'Always', ['deleteInstance']],
    ['Always', 'a restart', 'Running', told, 'Always', ['deleteInstance']],
    ['Halted', 'no instance', undefined, [], undefined, []],
    ['Halted', 'a running one', 'Running', [], 'Always', ['deleteInstance']],
    ['Halted', 'a paused start', undefined, asked, 'Halted', ['setStrategyAlways']],
    ['Manual', 'no instance', undefined, [], 'Manual', []],
    ['Manual', 'a start', undefined, asked, 'Manual', start],
    ['Manual', 'a running one', 'Running', [], 'Manual', []],
    ['Manual', 'a stop', 'Running', told, 'Manual', ['deleteInstance']],
    ['Manual', 'one that failed', 'Failed', [], 'Manual', []],
    ['RerunOnFailure', 'coming from another strategy', undefined, [], 'Halted', start],
    ['RerunOnFailure', 'having started once', undefined, [], 'RerunOnFailure', []],
    ['RerunOnFailure', 'a start', undefined, asked, 'RerunOnFailure', start],
    ['RerunOnFailure', 'one that ended', 'Succeeded', [], 'RerunOnFailure', ['deleteInstance']],
    ['RerunOnFailure', 'one that failed', 'Failed', [], 'RerunOnFailure', ['deleteInstance']],
    ['Once', 'coming from another strategy', undefined, [], 'Halted', start],
    ['Once', 'having started once', undefined, [], 'Once', []],
    ['Once', 'one that ended', 'Succeeded', [], 'Once', []],
    ['WaitAsReceiver', 'no instance', undefined, [], undefined, []],
  ])('%s with %s', (...row) => {
    const [runStrategy, , phase, stateChangeRequests, before, expected] = row
    const machine = vm({ runStrategy }, { stateChangeRequests, ...(before ? { runStrategy: before } : {}) })
    expect(acts(observe(machine, phase === undefined ? {} : { vmi: instance(machine, phase) }))).toEqual(expected)
  })

  it('keeps the wish to run again in the status before a failed instance is removed', () => {
    const machine = vm({ runStrategy: 'RerunOnFailure' }, { runStrategy: 'RerunOnFailure' })
    const { status } = decideVirtualMachine(observe(machine, { vmi: instance(machine, 'Failed') }))
    expect(status.stateChangeRequests).toEqual([{ action: 'Stop', uid: 'vmi-uid' }, { action: 'Start' }])
    const gone = decideVirtualMachine(observe({ ...machine, status }, { now: now + 60_000 }))
    expect(gone.status.stateChangeRequests).toEqual(asked)
    expect(gone.actions.map(({ type }) => type)).toEqual(start)
  })

  it('drops a start request only when there is an instance, a stop request only when that instance is gone', () => {
    const machine = vm({ runStrategy: 'Manual' }, { stateChangeRequests: [...told, ...asked] })
    const old = decideVirtualMachine(observe(machine, { vmi: instance(machine, 'Running') }))
    expect(old.status.stateChangeRequests).toHaveLength(2)
    const next = decideVirtualMachine(observe(machine, { vmi: instance(machine, 'Running', { uid: 'another' }) }))
    expect(next.status.stateChangeRequests).toBeUndefined()
    expect(next.actions).toEqual([])
  })

  it('does not say that Once has taken effect before the instance is there', () => {
    const machine = vm({ runStrategy: 'Once' }, { runStrategy: 'Halted' })
    expect(decideVirtualMachine(observe(machine)).status.runStrategy).toBe('Halted')
    const started = decideVirtualMachine(observe(machine, { vmi: instance(machine, 'Pending') }))
    expect(started.status.runStrategy).toBe('Once')
  })

  it('makes its DataVolumes whether it runs or not, and starts only when they are filled', () => {
    const template = { metadata: { name: 'root' }, spec: { source: { blank: {} } } }
    const machine = vm({ runStrategy: 'Always', dataVolumeTemplates: [template] })
    expect(acts(observe(machine))).toEqual(['createDataVolume'])
    const filling = (phase: 'ImportInProgress' | 'Succeeded' | 'Failed') => {
      const dataVolume = { metadata: { name: 'root' }, status: { phase } } as DataVolume
      return observe(machine, { dataVolumes: new Map([['root', dataVolume]]) })
    }
    expect(acts(filling('ImportInProgress'))).toEqual([])
    expect(decideVirtualMachine(filling('ImportInProgress')).status.printableStatus).toBe('Provisioning')
    expect(decideVirtualMachine(filling('Failed')).status.printableStatus).toBe('DataVolumeError')
    expect(acts(filling('Succeeded'))).toEqual(start)
    expect(decideVirtualMachine(filling('Succeeded')).status.printableStatus).toBe('Starting')
  })

  it('counts each instance that failed before it ran once, and waits longer each time', () => {
    const machine = vm(
      { runStrategy: 'Always' },
      { startFailure: { consecutiveFailCount: 1, lastFailedVMIUID: 'earlier' } },
    )
    const failed = observe(machine, { vmi: instance(machine, 'Failed') })
    const { status } = decideVirtualMachine(failed)
    expect(status.startFailure).toMatchObject({ consecutiveFailCount: 2, lastFailedVMIUID: 'vmi-uid' })
    const again = decideVirtualMachine({ ...failed, vm: { ...machine, status } })
    expect(again.status.startFailure).toEqual(status.startFailure)
    const waiting = decideVirtualMachine(observe({ ...machine, status }))
    expect(waiting.actions).toEqual([])
    expect(waiting.status.printableStatus).toBe('CrashLoopBackOff')
    expect(waiting.requeueAfter).toBeGreaterThanOrEqual(40_000)
    const later = decideVirtualMachine(observe({ ...machine, status }, { now: now + 300_000 }))
    expect(later.actions.map(({ type }) => type)).toEqual(start)
    const ran = { ...instance(machine, 'Running') }
    Object.assign(ran.status, { phaseTransitionTimestamps: [{ phase: 'Running', phaseTransitionTimestamp: '' }] })
    expect(decideVirtualMachine(observe({ ...machine, status }, { vmi: ran })).status.startFailure).toBeUndefined()
  })

  it('ends in order: the instance, then its records, then the finalizer', () => {
    const machine = vm({ runStrategy: 'Always' })
    machine.metadata.deletionTimestamp = '2030-01-01T00:00:00Z'
    const vmi = instance(machine, 'Running')
    expect(acts(observe(machine, { vmi, revisions: ['r'] }))).toEqual(['deleteInstance'])
    const leaving = instance(machine, 'Running', { deletionTimestamp: '2030-01-01T00:00:00Z' })
    expect(acts(observe(machine, { vmi: leaving, revisions: ['r'] }))).toEqual([])
    expect(acts(observe(machine, { revisions: ['r'] }))).toEqual(['deleteRevision', 'removeFinalizer'])
  })

  it('never touches an instance that it does not control', () => {
    const decision = decideVirtualMachine(observe(vm({ runStrategy: 'Always' }), { occupied: true }))
    expect(decision.actions).toEqual([])
    expect(decision.status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Failure'])
  })

  it('copies the conditions of its instance and says VMINotExists without one', () => {
    const machine = vm({ runStrategy: 'Halted' })
    const off = decideVirtualMachine(observe(machine)).status
    expect(off.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'VMINotExists' }])
    const vmi = instance(machine, 'Running')
    const conditions = [
      { type: 'Ready', status: 'True' as const },
      { type: 'SoftwareEmulation', status: 'True' as const },
    ]
    const on = decideVirtualMachine(
      observe(machine, { vmi: { ...vmi, status: { phase: 'Running', conditions } } }),
    ).status
    expect(on).toMatchObject({ ready: true, created: true, conditions, observedGeneration: 3, desiredGeneration: 3 })
  })

  it('asks for a restart only for what makes another guest', () => {
    const machine = vm({ runStrategy: 'Always' })
    const vmi = instance(machine, 'Running')
    const types = (spec: VirtualMachine['spec']) =>
      decideVirtualMachine(observe({ ...machine, spec }, { vmi, startedFrom: machine.spec })).status.conditions?.map(
        ({ type }) => type,
      )
    const template = machine.spec.template
    expect(types(machine.spec)).not.toContain('RestartRequired')
    const placed = {
      ...template,
      metadata: { labels: { a: 'b' } },
      spec: { ...template.spec, nodeSelector: { a: 'b' } },
    }
    expect(types({ ...machine.spec, template: placed })).not.toContain('RestartRequired')
    const renamed = { ...template, spec: { ...template.spec, hostname: 'other' } }
    expect(types({ ...machine.spec, template: renamed })).toContain('RestartRequired')
  })
})
