// One closure is the whole fixture: its functions share the state that stands for a host.
/* eslint-disable max-lines-per-function */
import { PassThrough } from 'node:stream'
import {
  type DiskSpec,
  type DiskState,
  type HostFacts,
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type MachinePhase,
  type MachineSpec,
  type MachineState,
} from './hypervisor-port'

/** A host in memory that keeps the port's promises, with guests that do as they are told. */
export interface MemoryHypervisor extends Hypervisor {
  readonly calls: string[]
  /** Called before each call that changes something; throw to make it fail before it has an effect. */
  before?: ((call: string) => void) | undefined
  after?: ((call: string) => void) | undefined
  /** What the guest does at the power button; shuts down when left out. */
  onPowerdown?: (id: string) => MachinePhase | undefined
  /** Makes a machine's or disk's state something else and tells so. */
  setMachine(id: string, phase: MachinePhase, message?: string): void
  setDisk(id: string, changes: Partial<DiskState>): void
  /** New disks stay in the making until `setDisk`. */
  slowDisks: boolean
  facts: HostFacts
  startError?: HypervisorError | undefined
  /** The agent does not answer. */
  away: boolean
  everything(): { machines: MachineState[]; disks: DiskState[] }
}

export const gibibyte = 2 ** 30

export function hostFacts(nodeName = 'node-1'): HostFacts {
  return {
    nodeName,
    architecture: 'amd64',
    operatingSystem: 'Test Linux',
    kernelVersion: '6.1.0',
    cpus: 4,
    cpuModel: 'Test CPU',
    memoryBytes: 8 * gibibyte,
    memoryAvailableBytes: 6 * gibibyte,
    load: [0, 0, 0],
    cpuUsage: 0,
    storage: { path: '/test', totalBytes: 100 * gibibyte, availableBytes: 80 * gibibyte },
    qemuVersion: '7.2.0',
    machineTypes: ['q35'],
    accelerator: 'tcg',
    emulationReason: 'there is no /dev/kvm',
    firmware: { bios: true, efi: false, efiSecureBoot: false },
    confinement: { uidPerGuest: true, limits: 'cgroup1', sandbox: true, gaps: [] },
    network: { mode: 'user', gaps: [] },
    bootId: 'boot-1',
  }
}

export function createMemoryHypervisor(facts: HostFacts = hostFacts()): MemoryHypervisor {
  const machines = new Map<string, MachineState>()
  const disks = new Map<string, DiskState>()
  const listeners = new Set<(event: HypervisorEvent) => void>()

  const tell = (type: HypervisorEvent['type'], id: string) => {
    for (const listener of listeners) setImmediate(() => listener({ type, id }))
  }

  async function call<T>(name: string, work: () => T): Promise<T> {
    await Promise.resolve()
    if (host.away) throw new HypervisorError('Unavailable', 'connect ECONNREFUSED')
    const changing = !/^(host|machines?|disks?) ?/.test(name)
    if (changing) {
      host.calls.push(name)
      host.before?.(name)
    }
    const result = structuredClone(work())
    if (changing) host.after?.(name)
    return result
  }

  function must(id: string): MachineState {
    const machine = machines.get(id)
    if (!machine) throw new HypervisorError('NotFound', `no machine ${id}`)
    return machine
  }

  const isLive = (machine: MachineState | undefined) =>
    machine?.phase === 'running' || machine?.phase === 'paused' || machine?.phase === 'starting'

  function setMachine(id: string, phase: MachinePhase, message?: string) {
    const machine = must(id)
    machines.set(id, { ...machine, phase, ...(message === undefined ? {} : { message }) })
    tell('machine', id)
  }

  function userOf(diskId: string) {
    return [...machines.values()].find(
      (machine) => isLive(machine) && machine.spec.disks.some((disk) => disk.diskId === diskId),
    )
  }

  function start(spec: MachineSpec): MachineState {
    const present = machines.get(spec.id)
    if (present && isLive(present)) return present
    if (host.startError) throw host.startError
    for (const disk of spec.disks) {
      if (disks.get(disk.diskId)?.phase !== 'ready') throw new HypervisorError('NotFound', `no disk ${disk.diskId}`)
      if (userOf(disk.diskId)) throw new HypervisorError('Busy', `disk ${disk.diskId} is in use`)
    }
    const state: MachineState = {
      id: spec.id,
      name: spec.name,
      phase: spec.startPaused ? 'paused' : 'running',
      accelerator: host.facts.accelerator,
      limits: 'none',
      spec,
      cpuSeconds: 0,
      residentBytes: 0,
    }
    machines.set(spec.id, state)
    tell('machine', spec.id)
    return state
  }

  function makeDisk(spec: DiskSpec): DiskState {
    const present = disks.get(spec.id)
    if (present && !(present.phase === 'failed' && present.retryable)) return present
    if (spec.source.type === 'clone' && disks.get(spec.source.diskId)?.phase !== 'ready') {
      throw new HypervisorError('NotFound', 'the source of the copy is not there')
    }
    const state: DiskState = {
      id: spec.id,
      name: spec.name,
      phase: host.slowDisks ? 'downloading' : 'ready',
      sizeBytes: spec.sizeBytes,
      usedBytes: 0,
      restarts: present ? present.restarts + 1 : 0,
      ...(host.slowDisks ? { progress: 0 } : {}),
    }
    disks.set(spec.id, state)
    tell('disk', spec.id)
    return state
  }

  const host: MemoryHypervisor = {
    calls: [],
    slowDisks: false,
    away: false,
    facts,
    host: () => call('host', () => host.facts),
    machines: () => call('machines', () => [...machines.values()]),
    machine: (id) => call(`machine ${id}`, () => machines.get(id)),
    startMachine: (spec) => call(`start ${spec.id}`, () => start(spec)),
    powerdown: (id) =>
      call(`powerdown ${id}`, () => {
        if (must(id).phase !== 'running') throw new HypervisorError('Invalid', 'not running')
        const phase = host.onPowerdown ? host.onPowerdown(id) : 'shutdown'
        if (phase) setMachine(id, phase)
      }),
    kill: (id) =>
      call(`kill ${id}`, () => {
        if (isLive(machines.get(id))) setMachine(id, 'crashed', 'terminated')
      }),
    pause: (id) => call(`pause ${id}`, () => setMachine(id, 'paused')),
    resume: (id) => call(`resume ${id}`, () => setMachine(id, 'running')),
    reset: (id) => call(`reset ${id}`, () => void must(id)),
    softReboot: (id) => call(`softReboot ${id}`, () => void must(id)),
    removeMachine: (id) =>
      call(`remove ${id}`, () => {
        machines.delete(id)
        tell('machine', id)
      }),
    openStream: async () => new PassThrough(),
    openPort: async () => new PassThrough(),
    serialLog: async () => '',
    screenshot: async () => Buffer.from('picture').toString('base64'),
    disks: () => call('disks', () => [...disks.values()]),
    disk: (id) => call(`disk ${id}`, () => disks.get(id)),
    createDisk: (spec) => call(`createDisk ${spec.source.type} ${spec.id}`, () => makeDisk(spec)),
    resizeDisk: (id, sizeBytes) => call(`resizeDisk ${id}`, () => setDisk(id, { sizeBytes })),
    deleteDisk: (id) =>
      call(`deleteDisk ${id}`, () => {
        if (userOf(id)) throw new HypervisorError('Busy', 'in use')
        disks.delete(id)
        tell('disk', id)
      }),
    subscribe(onEvent, signal) {
      listeners.add(onEvent)
      signal.addEventListener('abort', () => listeners.delete(onEvent), { once: true })
    },
    setMachine,
    setDisk,
    everything: () => structuredClone({ machines: [...machines.values()], disks: [...disks.values()] }),
  }

  function setDisk(id: string, changes: Partial<DiskState>) {
    const disk = disks.get(id)
    if (!disk) throw new HypervisorError('NotFound', `no disk ${id}`)
    disks.set(id, { ...disk, ...changes })
    tell('disk', id)
  }
  return host
}
