import { describe, expect, it } from 'vitest'
import type { Pod } from '@/contract/kinds/core'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import { HypervisorError, type MachinePhase, type MachineState } from '../hypervisor-port'
import { vmiFinalizer } from '../virtual-machine/build-instance'
import { buildMachineSpec } from './build-machine-spec'
import { decideInstance, nextPhase } from './decide'
import { buildLauncherPod } from './launcher-pod'
import { type ObservedInstance, resumeAnnotation } from './observed'

const now = Date.UTC(2030, 0, 1, 0, 10)

function observe(
  phase: VmiPhase,
  more: Partial<ObservedInstance> & { metadata?: object; spec2?: object } = {},
): ObservedInstance {
  const { metadata, spec2, ...rest } = more
  const vmi: VirtualMachineInstance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'one', namespace: 'demo', uid: 'uid-1', finalizers: [vmiFinalizer], ...metadata },
    spec: { domain: { memory: { guest: '128Mi' }, devices: {} }, ...spec2 },
    status: { phase, nodeName: 'node-1' },
  }
  const host = { architecture: 'amd64' as const, firmware: { bios: true, efi: false, efiSecureBoot: false } }
  const machine = buildMachineSpec({ vmi, disks: new Map(), secrets: new Map(), host, address: '10.42.0.99' })
  return {
    vmi,
    volumes: [],
    volumesState: { state: 'ready', disks: new Map() },
    address: '10.42.0.99',
    spec: { machine },
    now,
    ...rest,
  }
}

function pod(nodeName?: string, metadata: object = {}): Pod {
  const built = buildLauncherPod(observe('Pending').vmi, { address: '10.42.0.99' })
  return {
    ...built,
    metadata: { ...built.metadata, uid: 'pod-1', ...metadata },
    spec: { ...built.spec, ...(nodeName ? { nodeName } : {}) },
  }
}

function machine(phase: MachinePhase): MachineState {
  const { spec } = observe('Running')
  if (!('machine' in spec)) throw new Error('no machine')
  return {
    id: 'uid-1',
    name: 'demo/one',
    phase,
    accelerator: 'tcg',
    limits: 'none',
    spec: spec.machine,
    cpuSeconds: 0,
    residentBytes: 0,
  }
}

const acts = (observed: ObservedInstance) => decideInstance(observed).actions.map(({ type }) => type)
const placed = pod('node-1')
const deletedAgo = (seconds: number) => ({ deletionTimestamp: new Date(now - seconds * 1000).toISOString() })

describe('the phase of an instance', () => {
  it.each<[VmiPhase, Partial<ObservedInstance>, VmiPhase]>([
    ['', {}, 'Pending'],
    ['Pending', {}, 'Pending'],
    ['Pending', { pod: pod() }, 'Scheduling'],
    ['Scheduling', { pod: pod() }, 'Scheduling'],
    ['Scheduling', { pod: placed }, 'Scheduled'],
    ['Scheduled', { pod: placed }, 'Scheduled'],
    ['Scheduled', { pod: placed, machine: machine('starting') }, 'Scheduled'],
    ['Scheduled', { pod: placed, machine: machine('running') }, 'Running'],
    ['Scheduled', { pod: placed, machine: machine('paused') }, 'Running'],
    ['Scheduled', { pod: placed, machine: machine('crashed') }, 'Failed'],
    ['Scheduled', { pod: placed, startError: new HypervisorError('Failed', 'no') }, 'Failed'],
    ['Scheduled', { pod: placed, startError: new HypervisorError('Busy', 'not yet') }, 'Scheduled'],
    ['Running', { pod: placed, machine: machine('running') }, 'Running'],
    ['Running', { pod: placed, machine: machine('shutdown') }, 'Succeeded'],
    ['Running', { pod: placed, machine: machine('crashed') }, 'Failed'],
    ['Running', { pod: placed, machine: machine('gone') }, 'Failed'],
    ['Running', { pod: placed }, 'Failed'],
    ['Running', { pod: placed, agentAway: 'silence' }, 'Running'],
    ['Succeeded', {}, 'Succeeded'],
    ['Failed', { machine: machine('running') }, 'Failed'],
  ])('%s with what is there (%#) becomes %s', (phase, there, next) => {
    expect(nextPhase(observe(phase, there))).toBe(next)
  })
})

describe('what an instance calls for', () => {
  it.each<[string, ObservedInstance, string[]]>([
    ['a Pod when its volumes are ready', observe('Pending'), ['createPod']],
    ['nothing while they are not', observe('Pending', { volumesState: { state: 'waiting', message: '' } }), []],
    [
      'nothing when it cannot be made',
      observe('Pending', { spec: { problem: { reason: 'NotSupported', message: '' } } }),
      [],
    ],
    ['a node', observe('Scheduling', { pod: pod(), placement: { nodeName: 'node-1' } }), ['bindPod']],
    ['nothing when no node has room', observe('Scheduling', { pod: pod(), placement: { message: 'full' } }), []],
    ['its machine', observe('Scheduled', { pod: placed }), ['startMachine']],
    [
      'its machine once more after the host was started anew',
      observe('Scheduled', { pod: placed, machine: machine('gone') }),
      ['startMachine'],
    ],
    ['nothing while it runs', observe('Running', { pod: placed, machine: machine('running') }), []],
    [
      'its machine when it was shut down with the host',
      observe('Running', {
        pod: placed,
        machine: machine('shutdown'),
        metadata: { annotations: { [resumeAnnotation]: 'true' } },
      }),
      ['startMachine'],
    ],
    [
      'its machine when the host went down while it was only just started',
      observe('Scheduled', {
        pod: placed,
        machine: machine('shutdown'),
        metadata: { annotations: { [resumeAnnotation]: 'true' } },
      }),
      ['startMachine'],
    ],
    [
      'a button when its Pod is deleted in order',
      observe('Running', { pod: pod('node-1', deletedAgo(-30)), machine: machine('running') }),
      ['powerdown'],
    ],
    ['an end when its Pod is gone', observe('Running', { machine: machine('running') }), ['kill']],
    [
      'a button when it is deleted',
      observe('Running', { pod: placed, machine: machine('running'), metadata: deletedAgo(5) }),
      ['powerdown'],
    ],
    [
      'first its CPUs when it is paused',
      observe('Running', { pod: placed, machine: machine('paused'), metadata: deletedAgo(5) }),
      ['resume', 'powerdown'],
    ],
    [
      'an end after the grace period',
      observe('Running', { pod: placed, machine: machine('running'), metadata: deletedAgo(31) }),
      ['kill'],
    ],
    [
      'an end at once with grace period 0',
      observe('Running', {
        pod: placed,
        machine: machine('running'),
        metadata: deletedAgo(0),
        spec2: { terminationGracePeriodSeconds: 0 },
      }),
      ['kill'],
    ],
    [
      'its final phase before anything is removed',
      observe('Running', { pod: placed, machine: machine('shutdown'), metadata: deletedAgo(5) }),
      [],
    ],
    [
      'then an end of everything',
      observe('Succeeded', { pod: placed, machine: machine('shutdown'), metadata: deletedAgo(5) }),
      ['removeMachine', 'deletePod', 'removeFinalizer'],
    ],
    ['no machine’s end when it never had one', observe('Pending', { metadata: deletedAgo(1) }), ['removeFinalizer']],
    [
      'patience when its node does not answer',
      observe('Running', { pod: placed, agentAway: 'silence', metadata: deletedAgo(500) }),
      [],
    ],
  ])('%s', (_what, observed, actions) => {
    expect(acts(observed)).toEqual(actions)
  })

  it('never changes what it was given', () => {
    const observed = observe('Running', { pod: placed, machine: machine('running'), metadata: deletedAgo(5) })
    const before = JSON.stringify(observed)
    decideInstance(observed)
    expect(JSON.stringify(observed)).toBe(before)
  })

  it('says what is so, in KubeVirt’s words', () => {
    const conditions = (observed: ObservedInstance) =>
      Object.fromEntries(
        (decideInstance(observed).instance.status?.conditions ?? []).map(({ type, status, reason }) => [
          type,
          `${status} ${reason}`,
        ]),
      )
    const running = observe('Running', { pod: placed, machine: machine('running'), emulationReason: 'no KVM' })
    expect(conditions(running)).toEqual({
      Ready: 'True undefined',
      LiveMigratable: 'False NotMigratable',
      Synchronized: 'True undefined',
      SoftwareEmulation: 'True NoHardwareVirtualization',
    })
    expect(conditions(observe('Running', { pod: placed, machine: machine('paused') }))).toMatchObject({
      Ready: 'False ReadinessGatesNotReady',
      Paused: 'True PausedByUser',
    })
    expect(conditions(observe('Scheduling', { pod: pod(), placement: { message: 'full' } }))).toMatchObject({
      Ready: 'False GuestNotRunning',
      PodScheduled: 'False Unschedulable',
    })
    expect(conditions(observe('Pending'))).toEqual({ Ready: 'False PodNotExists' })
  })
})
