import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { Hypervisor } from '../hypervisor-port'
import { conflict, internalError, notFound, unavailable } from './refusals'
import type { SubresourceContext, SubresourceParts } from './subresource-handler'

export async function readVirtualMachine(
  { client }: SubresourceParts,
  ref: SubresourceContext,
): Promise<VirtualMachine> {
  const vm = await client.find(virtualMachineKind, { namespace: ref.namespace, name: ref.name })
  if (!vm) throw notFound('virtualmachine', ref)
  return vm
}

export function findInstance(
  { client }: SubresourceParts,
  ref: SubresourceContext,
): Promise<VirtualMachineInstance | undefined> {
  return client.find(virtualMachineInstanceKind, { namespace: ref.namespace, name: ref.name })
}

export async function readInstance(parts: SubresourceParts, ref: SubresourceContext): Promise<VirtualMachineInstance> {
  const vmi = await findInstance(parts, ref)
  if (!vmi) throw notFound('virtualmachineinstance', ref)
  return vmi
}

export interface RunningInstance {
  vmi: VirtualMachineInstance
  hypervisor: Hypervisor
  /** The machine's id on its host. */
  id: string
}

/** The instance that a machine runs as; 409 when it has none. */
export async function readInstanceOfMachine(
  parts: SubresourceParts,
  ref: SubresourceContext,
): Promise<VirtualMachineInstance> {
  const vm = await readVirtualMachine(parts, ref)
  if (vm.status?.created !== true) throw conflict('virtualmachine', ref.name, 'VMI is not started')
  const vmi = await readInstance(parts, ref)
  if (vmi.metadata.ownerReferences?.some(({ uid }) => uid === vm.metadata.uid)) return vmi
  throw internalError(`unable to retrieve vmi [${ref.name}] for vm: <nil>`)
}

export function hostOf(parts: SubresourceParts, vmi: VirtualMachineInstance): Omit<RunningInstance, 'vmi'> {
  const nodeName = vmi.status?.nodeName ?? ''
  const hypervisor = parts.hypervisorFor(nodeName)
  if (!hypervisor) throw unavailable(`the agent of node ${nodeName} does not answer`)
  return { hypervisor, id: vmi.metadata.uid ?? '' }
}

/** Whether the caller only wants to know if it would be done. */
export function isDryRun(body: unknown): boolean {
  const dryRun = fieldOf(body, 'dryRun')
  return Array.isArray(dryRun) && dryRun.includes('All')
}

export function fieldOf(body: unknown, field: string): unknown {
  // A body is whatever JSON the client sent.
  return body !== null && typeof body === 'object' ? (body as Record<string, unknown>)[field] : undefined
}
