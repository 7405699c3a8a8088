import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Hypervisor, HypervisorEvent } from '@/server/operator/engine/hypervisor-port'
import { type Disks, openDisks } from './disks/disks'
import { findFirmware } from './firmware'
import type { UidRange } from './guest-uids'
import { HostReader, readQemuFacts } from './host-facts'
import { chooseLimits, type Limits } from './limits'
import { lowerLoopbackGuard, raiseLoopbackGuard, unguarded } from './loopback-guard'
import { Machines } from './machines'
import { findProcessTools } from './process-tools'
import { refuseSecondAgent, serveHypervisor } from './rpc-server'
import { machineSpecSchema, parseInput, portTargetSchema } from './spec-schemas'

export interface AgentOptions {
  /** Names what the instance leaves on the host outside its home: control groups, nft table. */
  instanceId: string
  nodeName: string
  /** `…/nodes/<node>`: machines and disks. */
  nodeDirectory: string
  socketPath: string
  /** The only user besides root who may connect; as root only. */
  socketOwner?: { uid: number; gid: number }
  /** Users for guests, one each; as root only. */
  guestUids?: UidRange
  importerUid?: number
  /** The program that imports images, and its first arguments. */
  importWorkerCommand: readonly string[]
  /** What imports may not reach; see `disks/destinations.ts`. */
  importDeny?: readonly string[]
  log: Logger
  signal: AbortSignal
}

export interface Agent {
  /** The port within this process; clients of other processes use `connectHypervisor`. */
  hypervisor: Hypervisor
  /** Stops serving. Machines go on running and are adopted by the next agent. */
  close(): Promise<void>
  /** Removes what the instance left on the host besides its home. For a teardown, when no machine runs any more. */
  removeHostFootprint(): Promise<void>
}

/** Starts the node agent: probes the host, adopts what runs, then serves. Throws a sentence when it can not. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { instanceId, nodeDirectory, nodeName, log } = options
  await refuseSecondAgent(options.socketPath)
  // Who may pass where is stated wherever it matters; a narrow umask of the caller would lock the guests' users out.
  process.umask(0o022)
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  const guestUids = process.getuid?.() === 0 ? options.guestUids : undefined
  await mkdir(nodeDirectory, { recursive: true })
  await chmod(nodeDirectory, guestUids ? 0o711 : 0o700)
  const tools = await findProcessTools()
  const [qemu, firmware, limits, guardGap] = await Promise.all([
    readQemuFacts(tools.qemu, { directory: nodeDirectory, signal }),
    findFirmware(),
    chooseLimits(instanceId),
    raiseGuard(instanceId, guestUids),
  ])
  const networkGaps = guardGap === undefined ? [] : [guardGap]
  const uidPerGuest = guestUids !== undefined
  const host = await HostReader.open(
    { nodeName, nodeDirectory, qemu, firmware, limits, uidPerGuest, networkGaps },
    signal,
  )
  const events = new Events()
  const disks = await openDisks({
    directory: join(nodeDirectory, 'disks'),
    workerCommand: options.importWorkerCommand,
    ...(options.importerUid === undefined ? {} : { importerUid: options.importerUid }),
    limits: { denied: options.importDeny ?? [] },
    log,
    signal,
    onChange: (id) => events.emit({ type: 'disk', id }),
  })
  const machines = await Machines.open({
    directory: join(nodeDirectory, 'machines'),
    disks,
    tools,
    limits,
    accelerator: qemu.kvm.usable ? 'kvm' : 'tcg',
    kvmGid: qemu.kvmGid,
    firmware,
    devices: qemu.devices,
    guestUids,
    log,
    signal,
    onChange: (id) => events.emit({ type: 'machine', id }),
  })
  const hypervisor = buildHypervisor({ host, machines, disks, events })
  const server = await serveHypervisor({
    hypervisor,
    socketPath: options.socketPath,
    socketOwner: process.getuid?.() === 0 ? options.socketOwner : undefined,
    log,
    signal,
  })
  log.info({ nodeName, accelerator: qemu.kvm.usable ? 'kvm' : 'tcg', limits: limits.kind }, 'node agent serves')
  return {
    hypervisor,
    close: async () => {
      await server.close()
      stopping.abort()
      await disks.close()
    },
    removeHostFootprint: () => removeFootprint(instanceId, limits, guestUids),
  }
}

function raiseGuard(instanceId: string, guestUids: UidRange | undefined): Promise<string | undefined> {
  if (guestUids) return raiseLoopbackGuard(instanceId, guestUids)
  return Promise.resolve(`Without root ${unguarded}.`)
}

async function removeFootprint(instanceId: string, limits: Limits, guestUids: UidRange | undefined): Promise<void> {
  await limits.removeAll()
  if (guestUids) await lowerLoopbackGuard(instanceId)
}

/** Who wants to know of changes. */
class Events {
  readonly #subscribers = new Set<(event: HypervisorEvent) => void>()

  emit(event: HypervisorEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event)
  }

  subscribe(onEvent: (event: HypervisorEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#subscribers.add(onEvent)
    signal.addEventListener('abort', () => this.#subscribers.delete(onEvent), { once: true })
  }
}

function buildHypervisor(parts: { host: HostReader; machines: Machines; disks: Disks; events: Events }): Hypervisor {
  const { host, machines, disks, events } = parts
  return {
    host: () => host.read(),
    machines: () => Promise.resolve(machines.list()),
    machine: (id) => Promise.resolve(machines.find(id)),
    startMachine: async (spec) => machines.start(parseInput(machineSpecSchema, spec)),
    powerdown: async (id) => machines.powerdown(id),
    kill: (id) => machines.kill(id),
    pause: async (id) => machines.pause(id),
    resume: async (id) => machines.resume(id),
    reset: async (id) => machines.reset(id),
    softReboot: async (id) => machines.softReboot(id),
    removeMachine: (id) => machines.remove(id),
    openStream: async (id, stream) => machines.openStream(id, stream),
    openPort: async (target) => machines.openPort(parseInput(portTargetSchema, target)),
    serialLog: (id, maxBytes) => machines.serialLog(id, maxBytes),
    screenshot: async (id) => machines.screenshot(id),
    disks: () => disks.disks(),
    disk: (id) => disks.disk(id),
    createDisk: (spec) => disks.createDisk(spec),
    resizeDisk: (id, sizeBytes) => disks.resizeDisk(id, sizeBytes),
    deleteDisk: (id) => disks.deleteDisk(id),
    subscribe: (onEvent, signal) => events.subscribe(onEvent, signal),
  }
}
