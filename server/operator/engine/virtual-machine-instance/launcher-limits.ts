import { namespaceKind, type Pod } from '@/contract/kinds/core'
import { resourceQuotaKind } from '@/contract/kinds/policy'
import type { Domain } from '@/contract/kinds/virtual-machine-instance'
import { formatBytesQuantity, quantityBytes } from '@/contract/quantity'
import type { KubeClient } from '@/server/cluster/kube-client'
import { guestMemoryBytes, readTopology } from './build-machine-spec'
import { overheadBytes } from './scheduling'

/** A namespace's own ratio of limit to request, in KubeVirt's label. */
const ratioLabel = 'alpha.kubevirt.io/auto-memory-limits-ratio'
const defaultRatio = 2

/** The limits that a machine's description names: memory with what QEMU itself needs, as KubeVirt does. */
export function namedLimits(domain: Domain): Record<string, string> {
  const { cpu, memory } = domain.resources?.limits ?? {}
  const bytes = quantityBytes(memory)
  const { sockets, cores, threads } = readTopology(domain)
  return {
    ...(cpu === undefined ? {} : { cpu }),
    ...(bytes === undefined
      ? {}
      : { memory: formatBytesQuantity(bytes + overheadBytes(guestMemoryBytes(domain), sockets * cores * threads)) }),
  }
}

/**
 * KubeVirt's automatic limit: where a quota of the namespace limits memory and the description does not, the limit is a
 * multiple of the request. Of processors it sets none by itself.
 */
export async function withAutomaticLimits(client: KubeClient, pod: Pod): Promise<Pod> {
  const { namespace = '' } = pod.metadata
  const [container, ...others] = pod.spec.containers
  const { requests, limits } = container?.resources ?? {}
  const requested = quantityBytes(requests?.['memory'])
  if (!container || requested === undefined || limits?.['memory'] !== undefined) return pod
  const { items } = await client.list(resourceQuotaKind, { namespace })
  if (!items.some(({ spec }) => spec?.hard?.['limits.memory'] !== undefined)) return pod
  const memory = formatBytesQuantity(Math.floor(requested * (await ratioOf(client, namespace))))
  const limited = { ...container, resources: { ...container.resources, limits: { ...limits, memory } } }
  return { ...pod, spec: { ...pod.spec, containers: [limited, ...others] } }
}

async function ratioOf(client: KubeClient, namespace: string): Promise<number> {
  const labels = (await client.find(namespaceKind, { name: namespace }))?.metadata.labels
  const ratio = Number(labels?.[ratioLabel] ?? defaultRatio)
  // What is no number counts as not said.
  return ratio > 0 && Number.isFinite(ratio) ? ratio : defaultRatio
}
