import type { Node } from '@/contract/kinds/core'
import type { KubeVirt } from '@/contract/kinds/platform'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import type { Condition } from '@/contract/kube-object'
import { quantityBytes, quantityMilli } from '@/contract/quantity'
import { isAlive } from '@/contract/virtual-machine/can'
import { memoryOfGuest, vcpusOfGuest } from '../virtual-machine/guest-size'

export interface Amount {
  used: number
  total: number
}

/** What hosts have and what their guests were given: virtual CPUs, bytes of memory, bytes of storage. */
export interface Capacity {
  cpus: Amount
  memory: Amount
  /** Undefined where the hosts do not say. */
  storage?: Amount
}

const storageAnnotation = 'chiave.io/storage'
const emulationAnnotation = 'chiave.io/emulation-reason'
const kvmResource = 'devices.kubevirt.io/kvm'

/** Sums over the given hosts and the guests that live on them. */
export function capacityOf(nodes: readonly Node[], vmis: readonly VirtualMachineInstance[]): Capacity {
  const names = new Set(nodes.map((node) => node.metadata.name))
  const guests = vmis.filter((vmi) => isAlive(vmi) && names.has(vmi.status?.nodeName ?? ''))
  const storages = nodes.map(storageOf).filter((storage) => storage !== undefined)
  return {
    cpus: {
      used: sum(guests, vcpusOfGuest),
      total: sum(nodes, (node) => (quantityMilli(node.status?.capacity?.['cpu']) ?? 0) / 1000),
    },
    memory: {
      used: sum(guests, (vmi) => memoryOfGuest(vmi) ?? 0),
      total: sum(nodes, (node) => quantityBytes(node.status?.capacity?.['memory']) ?? 0),
    },
    ...(storages.length === 0
      ? {}
      : { storage: { used: sum(storages, ({ used }) => used), total: sum(storages, ({ total }) => total) } }),
  }
}

/** Room for disks as the host's annotation says: JSON with `totalBytes` and `availableBytes`. */
export function storageOf(node: Node): Amount | undefined {
  const text = node.metadata.annotations?.[storageAnnotation]
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Somebody else's words in our annotation: as good as none.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { totalBytes, availableBytes } = value as Record<string, unknown>
  if (typeof totalBytes !== 'number' || typeof availableBytes !== 'number') return undefined
  return { used: Math.max(0, totalBytes - availableBytes), total: totalBytes }
}

export interface Emulation {
  /** Why, in the host's own words. */
  reason?: string
}

/** Whether guests of this host run in software emulation, much slower than the processor could. */
export function emulationOf(node: Node, kubeVirts: readonly KubeVirt[]): Emulation | undefined {
  const reason = node.metadata.annotations?.[emulationAnnotation]
  if (reason) return { reason }
  const kvm = node.status?.allocatable?.[kvmResource]
  if (kvm !== undefined && kvm !== '0') return undefined
  // Without KVM a host emulates only where the platform lets it; elsewhere it takes no guests at all.
  const allowed = kubeVirts.some((kv) => kv.spec?.configuration?.developerConfiguration?.useEmulation === true)
  return allowed ? {} : undefined
}

export type Virtualization = 'hardware' | 'emulation' | 'none'

/** How a host runs guests: KubeVirt offers its KVM as a resource, and without it and without leave to emulate nothing runs. */
export function virtualizationOf(node: Node, kubeVirts: readonly KubeVirt[]): Virtualization {
  if (emulationOf(node, kubeVirts)) return 'emulation'
  const kvm = node.status?.allocatable?.[kvmResource]
  return kvm !== undefined && kvm !== '0' ? 'hardware' : 'none'
}

export type HostState = 'ready' | 'notReady' | 'unschedulable'

export function hostStateOf(node: Node): HostState {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status !== 'True') return 'notReady'
  return node.spec?.unschedulable ? 'unschedulable' : 'ready'
}

/** Conditions that are not as they should be: Ready should be True, every pressure False. */
export function troublesOf(node: Node): readonly Condition[] {
  return (node.status?.conditions ?? []).filter(({ type, status }) => status !== (type === 'Ready' ? 'True' : 'False'))
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0)
}
