import { type PersistentVolumeClaim, persistentVolumeClaimKind } from '@/contract/kinds/core'
import type { Informers } from '../../runtime/manager'
import { isHoldingDisks, usersOfClaim } from '../storage/disk-users'
import { selectedNodeAnnotation } from '../virtual-machine-instance/volumes'
import type { ClaimContent } from './decide'

/** Marks a claim whose disk a DataVolume makes; set when that controller creates it. */
export const filledByAnnotation = 'chiave.io/filled-by'
export const filledByDataVolume = 'data-volume'

/** What a claim's disk is to hold, from its marks and its data source. */
export function readContent(informers: Informers, claim: PersistentVolumeClaim): ClaimContent {
  if (claim.metadata.annotations?.[filledByAnnotation] === filledByDataVolume) return { type: 'dataVolume' }
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource
  if (!source) return { type: 'make', source: { type: 'blank' } }
  if (source.kind !== 'PersistentVolumeClaim') {
    return { type: 'unsupported', message: `claims filled from a ${source.kind} are not available on this host yet` }
  }
  const { namespace = '' } = claim.metadata
  const original = informers.of(persistentVolumeClaimKind).get({ namespace, name: source.name })
  if (original?.status?.phase !== 'Bound') {
    return { type: 'waiting', message: `waits for the source PVC ${source.name} to be bound` }
  }
  if (usersOfClaim(informers, original).some(isHoldingDisks)) {
    return { type: 'waiting', message: `waits for the machine that uses the source PVC ${source.name} to stop` }
  }
  return {
    type: 'make',
    source: { type: 'clone', diskId: original.metadata.uid ?? '' },
    nodeName: original.metadata.annotations?.[selectedNodeAnnotation],
  }
}
