import type { Domain, VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { quantityBytes } from '@/contract/quantity'

/** Sockets × cores × threads; parts left out count as one. */
export function vcpusOfTopology(topology: NonNullable<Domain['cpu']>): number {
  return (topology.sockets ?? 1) * (topology.cores ?? 1) * (topology.threads ?? 1)
}

/** Virtual CPUs that a guest has now. */
export function vcpusOfGuest(vmi: VirtualMachineInstance): number {
  return vcpusOfTopology(vmi.status?.currentCPUTopology ?? vmi.spec.domain.cpu ?? {})
}

/** Memory that a guest has now, bytes. */
export function memoryOfGuest(vmi: VirtualMachineInstance): number | undefined {
  return quantityBytes(vmi.status?.memory?.guestCurrent) ?? memoryOfDomain(vmi.spec.domain)
}

/** Memory that a domain asks for, bytes: `memory.guest`, else the request (KubeVirt's own order). */
export function memoryOfDomain(domain: Domain): number | undefined {
  return quantityBytes(domain.memory?.guest ?? domain.resources?.requests?.['memory'])
}
