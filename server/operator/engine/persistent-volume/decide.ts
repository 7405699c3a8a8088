import type { PersistentVolume, PersistentVolumeClaim } from '@/contract/kinds/core'
import { volumeFinalizers } from './volume'

export interface ObservedVolume {
  volume: PersistentVolume
  /** The claim it belongs to, if it still exists (the same one, by uid). */
  claim?: PersistentVolumeClaim | undefined
}

export type VolumeAction = { type: 'deleteDisk' } | { type: 'removeFinalizers' } | { type: 'deleteVolume' }

export interface VolumeDecision {
  status: NonNullable<PersistentVolume['status']>
  actions: VolumeAction[]
}

/** What a volume of this host calls for: to be there while its claim is, then what its reclaim policy says. Pure. */
export function decideVolume({ volume, claim }: ObservedVolume): VolumeDecision {
  if (claim) {
    const bound = claim.spec.volumeName === volume.metadata.name
    return { status: { phase: bound ? 'Bound' : 'Available' }, actions: [] }
  }
  const status = { phase: 'Released' as const }
  const hasFinalizer = volume.metadata.finalizers?.some((finalizer) => volumeFinalizers.includes(finalizer)) ?? false
  const deleting = volume.metadata.deletionTimestamp !== undefined
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') {
    // The administrator keeps the disk; removing the record is up to them.
    return { status, actions: deleting && hasFinalizer ? [{ type: 'removeFinalizers' }] : [] }
  }
  const actions: VolumeAction[] = []
  if (!deleting) actions.push({ type: 'deleteVolume' })
  if (hasFinalizer) actions.push({ type: 'deleteDisk' }, { type: 'removeFinalizers' })
  return { status, actions }
}
