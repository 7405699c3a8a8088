import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { Volume } from '@/contract/kinds/virtual-machine-instance'

type SnapshotStatus = { name: string; enabled: boolean; reason?: string }

/** Says of each volume whether a snapshot could include it, and why not, in KubeVirt's words. */
export function readSnapshotStatuses(
  vm: VirtualMachine,
  claims: ReadonlyMap<string, PersistentVolumeClaim>,
): SnapshotStatus[] {
  return (vm.spec.template.spec.volumes ?? []).map((volume) => readOne(volume, claims))
}

function readOne(volume: Volume, claims: ReadonlyMap<string, PersistentVolumeClaim>): SnapshotStatus {
  const { name } = volume
  const claimName = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name
  if (claimName === undefined) {
    return { name, enabled: false, reason: `Snapshot is not supported for this volumeSource type [${name}]` }
  }
  const claim = claims.get(claimName)
  if (!claim) return { name, enabled: false, reason: 'PVC not found' }
  const storageClass = claim.spec.storageClassName ?? ''
  const reason = `No VolumeSnapshotClass: Volume snapshots are not configured for this StorageClass [${storageClass}] [${name}]`
  return { name, enabled: false, reason }
}
