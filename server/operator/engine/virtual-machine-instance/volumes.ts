import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachineInstance, Volume } from '@/contract/kinds/virtual-machine-instance'
import { findCondition } from '../conditions'
import type { Problem } from './problem'

/** A volume that is backed by a claim, with what there is of it. */
export interface ClaimVolume {
  name: string
  claimName: string
  claim?: PersistentVolumeClaim | undefined
  /** The DataVolume that fills the claim, if any. */
  dataVolume?: DataVolume | undefined
}

/** The node a claim's disk lies on, as volume binding records it. */
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node'

export interface VolumeLookup {
  claim(name: string): PersistentVolumeClaim | undefined
  dataVolume(name: string): DataVolume | undefined
}

export function claimNameOf(volume: Volume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
}

export function findClaimVolumes(vmi: VirtualMachineInstance, lookup: VolumeLookup): ClaimVolume[] {
  return (vmi.spec.volumes ?? []).flatMap((volume) => {
    const claimName = claimNameOf(volume)
    if (claimName === undefined) return []
    const claim = lookup.claim(claimName)
    const filler = claim?.metadata.ownerReferences?.find((owner) => owner.controller && owner.kind === 'DataVolume')
    const dataVolume = lookup.dataVolume(filler?.name ?? volume.dataVolume?.name ?? '')
    return [{ name: volume.name, claimName, claim, dataVolume }]
  })
}

export type VolumesState =
  | { state: 'ready'; disks: ReadonlyMap<string, string> }
  /** Waiting; `problem` only when waiting alone may not help. */
  | { state: 'waiting'; problem?: Problem; message: string }

/** Whether all of an instance's claims are bound and filled, and the host's disk behind each. */
export function decideVolumes(vmi: VirtualMachineInstance, volumes: readonly ClaimVolume[]): VolumesState {
  const missing = volumes.find((volume) => !volume.claim && !volume.dataVolume)
  if (missing) {
    const message = `PVC ${vmi.metadata.namespace}/${missing.claimName} does not exist, waiting for it to appear`
    return { state: 'waiting', message, problem: { reason: 'FailedPvcNotFound', message } }
  }
  const waiting = volumes.map(whyWaiting).find((why) => why !== undefined)
  if (waiting !== undefined) return { state: 'waiting', message: waiting }
  return { state: 'ready', disks: new Map(volumes.map(({ name, claim }) => [name, claim?.metadata.uid ?? ''])) }
}

function whyWaiting({ claimName, claim, dataVolume }: ClaimVolume): string | undefined {
  if (dataVolume && dataVolume.status?.phase !== 'Succeeded') {
    const running = findCondition(dataVolume.status?.conditions, 'Running')
    const why = running?.reason === 'Error' && running.message ? `: ${running.message}` : ''
    return `DataVolume ${dataVolume.metadata.name} is ${dataVolume.status?.phase ?? 'Pending'}${why}`
  }
  if (!claim) return `PVC ${claimName} does not exist yet`
  if (claim.metadata.deletionTimestamp) return `PVC ${claimName} is being deleted`
  return claim.status?.phase === 'Bound' ? undefined : `PVC ${claimName} is not bound`
}
