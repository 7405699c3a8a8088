import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { memoryOfDomain, memoryOfGuest, vcpusOfGuest, vcpusOfTopology } from './guest-size'

/** A machine and the guest that runs for it, if there is one: what a row, a menu and a page header speak about. */
export interface Machine {
  vm: VirtualMachine
  vmi?: VirtualMachineInstance
}

/** `namespace/name`, unique in a cluster. */
export function machineKey({ vm }: Pick<Machine, 'vm'>): string {
  return `${vm.metadata.namespace ?? ''}/${vm.metadata.name}`
}

/** Puts machines and instances of the same name together; instances without a machine are left out. */
export function joinMachines(
  vms: readonly VirtualMachine[],
  vmis: readonly VirtualMachineInstance[],
): readonly Machine[] {
  const byKey = new Map(vmis.map((vmi) => [`${vmi.metadata.namespace ?? ''}/${vmi.metadata.name}`, vmi]))
  return vms.map((vm) => {
    const vmi = byKey.get(machineKey({ vm }))
    return vmi ? { vm, vmi } : { vm }
  })
}

/** Virtual CPUs of the running guest, else of the specification; undefined when an instance type decides. */
export function vcpusOf({ vm, vmi }: Machine): number | undefined {
  if (vmi) return vcpusOfGuest(vmi)
  const { cpu } = vm.spec.template.spec.domain
  return cpu || !vm.spec.instancetype ? vcpusOfTopology(cpu ?? {}) : undefined
}

/** Guest memory in bytes, of the running guest, else of the specification. */
export function memoryOf({ vm, vmi }: Machine): number | undefined {
  return vmi ? memoryOfGuest(vmi) : memoryOfDomain(vm.spec.template.spec.domain)
}

/** The guest's addresses, the primary interface's first. */
export function addressesOf({ vmi }: Machine): readonly string[] {
  const interfaces = vmi?.status?.interfaces ?? []
  return [...new Set(interfaces.flatMap(({ ipAddress, ipAddresses }) => ipAddresses ?? (ipAddress ? [ipAddress] : [])))]
}
