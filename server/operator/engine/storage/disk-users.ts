import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { Informers } from '../../runtime/manager'
import { claimNameOf } from '../virtual-machine-instance/volumes'

/** Instances that use a claim and are not at their end: the claim must stay, and must not be copied or resized. */
export function usersOfClaim(informers: Informers, claim: PersistentVolumeClaim): VirtualMachineInstance[] {
  return informers
    .of(virtualMachineInstanceKind)
    .list(claim.metadata.namespace)
    .filter((vmi) => vmi.spec.volumes?.some((volume) => claimNameOf(volume) === claim.metadata.name))
    .filter((vmi) => vmi.status?.phase !== 'Succeeded' && vmi.status?.phase !== 'Failed')
}

/** Of those, the ones that may have a process with the disk open. */
export function isHoldingDisks(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === 'Scheduled' || vmi.status?.phase === 'Running'
}
