import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@/contract/kinds/core'
import type { Condition } from '@/contract/kube-object'
import { formatBytesQuantity, quantityBytes } from '@/contract/quantity'
import { stateConditions } from '../conditions'
import type { DiskSource, DiskState } from '../hypervisor-port'
import { buildVolume, volumeName } from '../persistent-volume/volume'
import { diskBytes } from '../storage/disk-size'
import { selectedNodeAnnotation } from '../virtual-machine-instance/volumes'

export const claimFinalizer = 'kubernetes.io/pvc-protection'

/** What the disk of a claim is to hold. */
export type ClaimContent =
  /** A DataVolume fills it: the disk is that controller's. */
  | { type: 'dataVolume' }
  /** `nodeName`: where the disk must lie, for a copy of one that lies there. */
  | { type: 'make'; source: DiskSource; nodeName?: string | undefined }
  /** It must wait for something. */
  | { type: 'waiting'; message: string }
  | { type: 'unsupported'; message: string }

export interface ObservedClaim {
  claim: PersistentVolumeClaim
  /** The class it asks for, if that is one of this host. */
  storageClass?: StorageClass | undefined
  /** A claim without a class is given this one. */
  defaultClass?: StorageClass | undefined
  volume?: PersistentVolume | undefined
  disk?: DiskState | undefined
  /** The host that holds the disk cannot be asked, in words. */
  away?: string | undefined
  content: ClaimContent
  /** Names of instances that use it. */
  users: readonly string[]
  /** Whether one of them may have it open. */
  open: boolean
  /** The node a new disk would go to. */
  bestNode?: string | undefined
  now: number
}

export type ClaimAction =
  | { type: 'addFinalizer' }
  | { type: 'removeFinalizer' }
  | { type: 'setClass'; name: string }
  | { type: 'selectNode'; nodeName: string }
  | { type: 'createVolume'; volume: PersistentVolume }
  | { type: 'createDisk'; nodeName: string; sizeBytes: number; source: DiskSource }
  | { type: 'resizeDisk'; nodeName: string; sizeBytes: number }
  | { type: 'setVolumeCapacity'; storage: string }
  | { type: 'bind'; volumeName: string }
  | { type: 'warn'; reason: string; message: string }
  | { type: 'tell'; reason: string; message: string }

export interface ClaimDecision {
  status?: NonNullable<PersistentVolumeClaim['status']>
  actions: ClaimAction[]
  requeueAfter?: number
}

/** What a claim calls for, given what there is. One step at a time. Pure. */
export function decideClaim(observed: ObservedClaim): ClaimDecision {
  const { claim, users, storageClass, defaultClass } = observed
  const hasFinalizer = claim.metadata.finalizers?.includes(claimFinalizer) ?? false
  if (claim.metadata.deletionTimestamp) {
    return { actions: hasFinalizer && users.length === 0 ? [{ type: 'removeFinalizer' }] : [] }
  }
  if (!hasFinalizer) return { actions: [{ type: 'addFinalizer' }] }
  if (claim.spec.storageClassName === undefined && defaultClass && !claim.spec.volumeName) {
    return { actions: [{ type: 'setClass', name: defaultClass.metadata.name }] }
  }
  if (!storageClass) return { actions: [] }
  return observed.volume ? decideBound(observed, observed.volume) : decideProvision(observed, storageClass)
}

function decideProvision(observed: ObservedClaim, storageClass: StorageClass): ClaimDecision {
  const { claim, content, bestNode, volume } = observed
  const sizeBytes = diskBytes(claim.spec.resources?.requests?.storage)
  if (claim.spec.volumeName && claim.spec.volumeName !== volumeName(claim)) {
    // Asks for a given volume; those of this host are made for one claim each.
    return failed(
      `volume "${claim.spec.volumeName}" cannot be bound: volumes of ${storageClass.metadata.name} belong to one claim`,
    )
  }
  if (claim.spec.volumeName && !volume) return { status: { phase: 'Lost' }, actions: [] }
  if (sizeBytes === undefined) return failed('the claim asks for no usable amount of storage')
  if (content.type === 'unsupported') return failed(content.message)
  if (content.type === 'waiting')
    return { actions: [{ type: 'tell', reason: 'Provisioning', message: content.message }] }
  const nodeName = claim.metadata.annotations?.[selectedNodeAnnotation]
  if (nodeName === undefined) {
    const given = content.type === 'make' ? content.nodeName : undefined
    if (given !== undefined) return { actions: [{ type: 'selectNode', nodeName: given }] }
    if (bestNode === undefined) return { ...failed('no node can hold the disk'), requeueAfter: 5_000 }
    return { actions: [{ type: 'selectNode', nodeName: bestNode }] }
  }
  return { actions: [{ type: 'createVolume', volume: buildVolume(claim, { nodeName, sizeBytes, storageClass }) }] }
}

function failed(message: string): ClaimDecision {
  return { actions: [{ type: 'warn', reason: 'ProvisioningFailed', message }] }
}

function decideBound(observed: ObservedClaim, volume: PersistentVolume): ClaimDecision {
  const { claim, content, disk, away } = observed
  if (content.type !== 'dataVolume' && !claim.spec.volumeName && disk?.phase !== 'ready') {
    if (away === undefined) return decideContent(observed, volume)
    return { actions: [{ type: 'warn', reason: 'ProvisioningFailed', message: away }], requeueAfter: 5_000 }
  }
  if (content.type !== 'dataVolume' && away === undefined && !disk) {
    // It was there when the claim was bound: a new, empty one in its place would hide the loss.
    const message = `the disk of volume ${volume.metadata.name} is no longer on its node`
    return { status: { ...claim.status, phase: 'Lost' }, actions: [{ type: 'warn', reason: 'ClaimLost', message }] }
  }
  if (!claim.spec.volumeName) return { actions: [{ type: 'bind', volumeName: volume.metadata.name }] }
  const size = decideSize(observed, volume)
  const capacity = volume.spec.capacity?.storage
  return {
    status: {
      phase: 'Bound',
      accessModes: volume.spec.accessModes ?? [],
      ...(capacity === undefined ? {} : { capacity: { storage: capacity } }),
      ...(size.conditions.length === 0 ? {} : { conditions: size.conditions }),
    },
    actions: size.actions,
  }
}

/** A plain claim is bound when its disk is there. */
function decideContent({ claim, content, disk }: ObservedClaim, volume: PersistentVolume): ClaimDecision {
  if (content.type === 'waiting')
    return { actions: [{ type: 'tell', reason: 'Provisioning', message: content.message }] }
  if (content.type !== 'make') return { actions: [] }
  if (disk && disk.phase !== 'failed') return { actions: [], requeueAfter: 1_000 }
  const nodeName = claim.metadata.annotations?.[selectedNodeAnnotation] ?? ''
  const sizeBytes = quantityBytes(volume.spec.capacity?.storage) ?? 0
  const create: ClaimAction = { type: 'createDisk', nodeName, sizeBytes, source: content.source }
  if (!disk) return { actions: [create] }
  const warning: ClaimAction = {
    type: 'warn',
    reason: 'ProvisioningFailed',
    message: disk.message ?? 'the disk was not made',
  }
  return disk.retryable ? { actions: [warning, create], requeueAfter: 10_000 } : { actions: [warning] }
}

function decideSize(
  observed: ObservedClaim,
  volume: PersistentVolume,
): { actions: ClaimAction[]; conditions: Condition[] } {
  const { claim, disk, open, users, storageClass, now } = observed
  const wanted = diskBytes(claim.spec.resources?.requests?.storage) ?? 0
  const capacity = quantityBytes(volume.spec.capacity?.storage) ?? 0
  if (wanted <= capacity) return { actions: [], conditions: [] }
  const told = (type: string, message: string) =>
    stateConditions(claim.status?.conditions, [{ type, status: 'True', message }], now)
  if (storageClass?.allowVolumeExpansion !== true) {
    return {
      actions: [],
      conditions: told('ControllerResizeError', 'the storage class does not allow volumes to grow'),
    }
  }
  // A disk that is still being filled grows afterwards.
  if (disk?.phase !== 'ready') return { actions: [], conditions: [] }
  if (open) {
    return { actions: [], conditions: told('Resizing', `waits until ${users.join(', ')} is stopped`) }
  }
  const nodeName = claim.metadata.annotations?.[selectedNodeAnnotation] ?? ''
  return {
    actions: [
      { type: 'resizeDisk', nodeName, sizeBytes: wanted },
      { type: 'setVolumeCapacity', storage: formatBytesQuantity(wanted) },
    ],
    conditions: told('Resizing', 'the disk is growing'),
  }
}
