import type { Node } from '@/contract/kinds/core'
import type { Condition } from '@/contract/kube-object'
import { formatBytesQuantity } from '@/contract/quantity'
import { formatTime } from '@/server/cluster/clock'
import { stateConditions } from '../conditions'
import type { HostFacts } from '../hypervisor-port'

export const emulationAnnotation = 'chiave.io/emulation-reason'
export const storageAnnotation = 'chiave.io/storage'

/** Share of the host's memory that guests do not get: the host and Chiave itself run in it. */
const reservedShare = 0.05
const reservedAtLeast = 512 * 2 ** 20
const podsPerNode = 110

/** Labels and annotations a host's facts give its node; others on the object are left alone. */
export function buildNodeMeta(facts: HostFacts): {
  labels: Record<string, string>
  annotations: Record<string, string | null>
} {
  const machineTypes = facts.machineTypes.map((type) => [`machine-type.node.kubevirt.io/${type}`, 'true'] as const)
  return {
    labels: {
      'kubernetes.io/hostname': facts.nodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': facts.architecture,
      'kubevirt.io/schedulable': 'true',
      'node-role.kubernetes.io/control-plane': '',
      'node-role.kubernetes.io/worker': '',
      ...Object.fromEntries(machineTypes),
    },
    annotations: {
      [emulationAnnotation]: facts.emulationReason ?? null,
      [storageAnnotation]: JSON.stringify(facts.storage),
    },
  }
}

interface NodeStatusInput {
  facts: HostFacts
  before: Node['status']
  now: number
}

/** The status a node's agent reports while it answers. */
export function buildNodeStatus({ facts, before, now }: NodeStatusInput): NonNullable<Node['status']> {
  const capacity = {
    cpu: String(facts.cpus),
    memory: formatBytesQuantity(facts.memoryBytes),
    pods: String(podsPerNode),
    'ephemeral-storage': formatBytesQuantity(facts.storage.totalBytes),
    'devices.kubevirt.io/kvm': facts.accelerator === 'kvm' ? '1k' : '0',
  }
  const reserved = Math.max(reservedAtLeast, Math.round(facts.memoryBytes * reservedShare))
  // Small hosts keep half.
  const allocatable = Math.max(facts.memoryBytes - reserved, Math.floor(facts.memoryBytes / 2))
  return {
    capacity,
    allocatable: { ...capacity, memory: formatBytesQuantity(Math.floor(allocatable / 1024) * 1024) },
    conditions: buildConditions({ facts, before, now }),
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: facts.nodeName },
    ],
    nodeInfo: {
      architecture: facts.architecture,
      bootID: facts.bootId,
      containerRuntimeVersion: `qemu://${facts.qemuVersion}`,
      kernelVersion: facts.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: 'v1.36.0',
      machineID: '',
      operatingSystem: 'linux',
      osImage: facts.operatingSystem,
      systemUUID: '',
    },
  }
}

const pressureShare = 0.05

function buildConditions({ facts, before, now }: NodeStatusInput): Condition[] {
  const { availableBytes, totalBytes } = facts.storage
  const full = totalBytes > 0 && availableBytes < totalBytes * pressureShare
  const tight = facts.memoryAvailableBytes < facts.memoryBytes * pressureShare
  const states = stateConditions(
    before?.conditions,
    [
      tight
        ? {
            type: 'MemoryPressure',
            status: 'True',
            reason: 'HostHasInsufficientMemory',
            message: 'the host is short of memory',
          }
        : {
            type: 'MemoryPressure',
            status: 'False',
            reason: 'HostHasSufficientMemory',
            message: 'the host has memory left',
          },
      full
        ? {
            type: 'DiskPressure',
            status: 'True',
            reason: 'HostHasDiskPressure',
            message: 'the disk that holds machines is nearly full',
          }
        : {
            type: 'DiskPressure',
            status: 'False',
            reason: 'HostHasNoDiskPressure',
            message: 'the disk that holds machines has room',
          },
      { type: 'Ready', status: 'True', reason: 'AgentReady', message: 'the node agent answers' },
    ],
    now,
  )
  return states.map((condition) => ({ ...condition, lastHeartbeatTime: formatTime(now) }))
}

/** The status of a node whose agent has not been heard of for too long: all that was said of it is unknown now. */
export function buildLostStatus(
  before: Node['status'],
  { message, now }: { message: string; now: number },
): NonNullable<Node['status']> {
  const states = (before?.conditions ?? [{ type: 'Ready', status: 'Unknown' as const }]).map(({ type }) => ({
    type,
    status: 'Unknown' as const,
    reason: 'NodeStatusUnknown',
    message,
  }))
  const heartbeats = new Map((before?.conditions ?? []).map((condition) => [condition.type, condition]))
  return {
    ...before,
    conditions: stateConditions(before?.conditions, states, now).map((state) => ({
      ...heartbeats.get(state.type),
      ...state,
    })),
  }
}
