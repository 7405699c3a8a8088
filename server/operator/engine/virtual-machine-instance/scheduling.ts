import type { Node } from '@/contract/kinds/core'
import type { Domain, VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { quantityBytes, quantityMilli } from '@/contract/quantity'
import { findCondition } from '../conditions'
import { guestMemoryBytes, readTopology } from './build-machine-spec'

export interface Requests {
  memoryBytes: number
  cpuMilli: number
}

/** Guests share CPUs; KubeVirt's default ratio of virtual to physical ones. */
const cpuAllocationRatio = 10

/** What a machine takes of its node: the guest's requested memory plus what QEMU itself needs, and a share of CPU. */
export function requestsOf(domain: Domain): Requests {
  const guest = guestMemoryBytes(domain)
  const requested = quantityBytes(domain.resources?.requests?.['memory']) ?? guest
  const { sockets, cores, threads } = readTopology(domain)
  const cpus = sockets * cores * threads
  const asked = quantityMilli(domain.resources?.requests?.['cpu'])
  return {
    memoryBytes: requested + overheadBytes(guest, cpus),
    cpuMilli: asked ?? Math.ceil((cpus * 1000) / cpuAllocationRatio),
  }
}

/** QEMU's own memory: code and devices, per virtual CPU, page tables (1/512), the screen. */
export function overheadBytes(guestBytes: number, cpus: number): number {
  const mebibyte = 2 ** 20
  return (64 + 8 * cpus + 16) * mebibyte + Math.ceil(guestBytes / 512)
}

export interface NodeLoad {
  node: Node
  used: Requests
}

export type Placement = { nodeName: string } | { message: string }

/** Chooses the node with most free memory among those that fit, or says in the scheduler's words why none does. */
export function decidePlacement(vmi: VirtualMachineInstance, nodes: readonly NodeLoad[]): Placement {
  const requests = requestsOf(vmi.spec.domain)
  const reasons = new Map<string, number>()
  const fitting: { name: string; free: number }[] = []
  for (const load of nodes) {
    const why = whyNot(vmi, { load, requests })
    if (why.length === 0) fitting.push({ name: load.node.metadata.name, free: freeOf(load).memoryBytes })
    for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  const best = fitting.sort((a, b) => b.free - a.free || a.name.localeCompare(b.name))[0]
  if (best) return { nodeName: best.name }
  const words = [...reasons]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
  const count = `0/${nodes.length} nodes are available`
  if (nodes.length === 0) return { message: 'no nodes available to schedule pods' }
  return {
    message: `${count}: ${words}. preemption: ${count}: ${nodes.length} Preemption is not helpful for scheduling.`,
  }
}

function freeOf({ node, used }: NodeLoad): Requests {
  return {
    memoryBytes: (quantityBytes(node.status?.allocatable?.['memory']) ?? 0) - used.memoryBytes,
    cpuMilli: (quantityMilli(node.status?.allocatable?.['cpu']) ?? 0) - used.cpuMilli,
  }
}

function whyNot(vmi: VirtualMachineInstance, { load, requests }: { load: NodeLoad; requests: Requests }): string[] {
  const { node } = load
  if (node.spec?.unschedulable) return ['node(s) were unschedulable']
  if (findCondition(node.status?.conditions, 'Ready')?.status !== 'True') {
    return ['node(s) had untolerated taint {node.kubernetes.io/not-ready: }']
  }
  const selector = Object.entries(vmi.spec.nodeSelector ?? {})
  if (selector.some(([key, value]) => node.metadata.labels?.[key] !== value)) {
    return ["node(s) didn't match Pod's node affinity/selector"]
  }
  const free = freeOf(load)
  return [
    ...(requests.cpuMilli > free.cpuMilli ? ['Insufficient cpu'] : []),
    ...(requests.memoryBytes > free.memoryBytes ? ['Insufficient memory'] : []),
  ]
}
