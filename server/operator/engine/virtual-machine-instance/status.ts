import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import { formatBytesQuantity } from '@/contract/quantity'
import { formatTime } from '@/server/cluster/clock'
import { stateConditions } from '../conditions'
import { decideConditions } from './conditions'
import { type ObservedInstance, phaseOf } from './observed'

type VmiStatus = NonNullable<VirtualMachineInstance['status']>

const seedSizeBytes = 1_048_576

/** The whole status of an instance that is, or in this pass becomes, `phase`. */
export function buildInstanceStatus(observed: ObservedInstance, phase: VmiPhase): VmiStatus {
  const { vmi, pod, now } = observed
  const before = vmi.status ?? {}
  const nodeName = pod?.spec.nodeName ?? before.nodeName
  const placed = nodeName !== undefined && phase !== 'Scheduling'
  return {
    ...before,
    phase,
    phaseTransitionTimestamps: transitions(observed, phase),
    conditions: stateConditions(before.conditions, decideConditions(observed, phase), now),
    ...(placed ? { nodeName } : {}),
    ...(pod?.metadata.uid ? { activePods: { [pod.metadata.uid]: nodeName ?? '' } } : {}),
    guestOSInfo: before.guestOSInfo ?? {},
    qosClass: 'Burstable',
    ...(phase === 'Running' ? runningStatus(observed) : {}),
  }
}

function transitions({ vmi, now }: ObservedInstance, phase: VmiPhase) {
  const before = vmi.status?.phaseTransitionTimestamps ?? []
  if (phaseOf(vmi) === phase && before.some((transition) => transition.phase === phase)) return before
  return [...before, { phase, phaseTransitionTimestamp: formatTime(now) }]
}

/** What is known only of a machine that runs; kept as it was while nothing can be asked. */
function runningStatus(observed: ObservedInstance): Partial<VmiStatus> {
  const { vmi, machine } = observed
  if (!machine) return {}
  const memory = formatBytesQuantity(machine.spec.memoryBytes)
  const { sockets, cores, threads } = machine.spec.cpu
  return {
    interfaces: interfaceStatus(observed),
    volumeStatus: volumeStatus(observed),
    memory: { guestAtBoot: memory, guestCurrent: memory, guestRequested: memory },
    currentCPUTopology: { sockets, cores, threads },
    machine: { type: vmi.spec.domain.machine?.type ?? 'q35' },
  }
}

function interfaceStatus({ machine }: ObservedInstance): NonNullable<VmiStatus['interfaces']> {
  return (machine?.spec.interfaces ?? []).map((iface, index) => ({
    name: iface.name,
    mac: iface.mac,
    ipAddress: iface.backend.address,
    ipAddresses: [iface.backend.address],
    infoSource: 'domain',
    podInterfaceName: `eth${index}`,
    queueCount: 1,
    linkState: iface.up ? 'up' : 'down',
  }))
}

function volumeStatus({ machine, volumes }: ObservedInstance): NonNullable<VmiStatus['volumeStatus']> {
  if (!machine) return []
  const targets = nameTargets()
  const claims = new Map(volumes.map((volume) => [volume.name, volume]))
  const disks = machine.spec.disks.map((disk) => {
    const volume = claims.get(disk.name)
    const info = volume?.claim && {
      claimName: volume.claimName,
      accessModes: volume.claim.spec.accessModes ?? [],
      volumeMode: volume.claim.spec.volumeMode ?? 'Filesystem',
      capacity: volume.claim.status?.capacity ?? {},
      requests: volume.claim.spec.resources?.requests ?? {},
    }
    return { name: disk.name, target: targets(disk.bus), ...(info ? { persistentVolumeClaimInfo: info } : {}) }
  })
  const seed = machine.spec.cloudInit
  return seed ? [...disks, { name: seed.name, target: targets(seed.bus), size: seedSizeBytes }] : disks
}

/** Device names as the guest's kernel gives them: vda, vdb … for virtio; sda … for the others. */
function nameTargets(): (bus: string) => string {
  const counts = new Map<string, number>()
  return (bus) => {
    const prefix = bus === 'virtio' ? 'vd' : 'sd'
    const index = counts.get(prefix) ?? 0
    counts.set(prefix, index + 1)
    return `${prefix}${letters(index)}`
  }
}

/** 0 → a, 25 → z, 26 → aa. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26))
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`
}
