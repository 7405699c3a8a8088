import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@/contract/kinds/core'
import { formatBytesQuantity } from '@/contract/quantity'
import { localProvisioner } from '../storage/storage-class'

/** Keep the record of a disk until the disk itself is gone. */
export const volumeFinalizers = ['kubernetes.io/pv-protection', 'external-provisioner.volume.kubernetes.io/finalizer']

export function volumeName(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata.uid}`
}

/** The record of a claim's disk on a node; written before the disk is made, so that no disk is ever without one. */
export function buildVolume(
  claim: PersistentVolumeClaim,
  { nodeName, sizeBytes, storageClass }: { nodeName: string; sizeBytes: number; storageClass: StorageClass },
): PersistentVolume {
  const { name, namespace = '', uid = '' } = claim.metadata
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName(claim),
      annotations: { 'pv.kubernetes.io/provisioned-by': localProvisioner },
      finalizers: volumeFinalizers,
    },
    spec: {
      capacity: { storage: formatBytesQuantity(sizeBytes) },
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      volumeMode: claim.spec.volumeMode ?? 'Filesystem',
      storageClassName: storageClass.metadata.name,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      csi: { driver: localProvisioner, volumeHandle: uid },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
          ],
        },
      },
    },
  }
}

/** The node that holds a volume's disk. */
export function nodeOfVolume(volume: PersistentVolume): string | undefined {
  // Written by `buildVolume`; a volume of another shape has no node of ours.
  const affinity = volume.spec.nodeAffinity as
    | { required?: { nodeSelectorTerms?: { matchExpressions?: { key: string; values?: string[] }[] }[] } }
    | undefined
  const expressions = affinity?.required?.nodeSelectorTerms?.flatMap((term) => term.matchExpressions ?? []) ?? []
  return expressions.find(({ key }) => key === 'kubernetes.io/hostname')?.values?.[0]
}

export function isLocalVolume(volume: PersistentVolume): boolean {
  return volume.spec.csi?.driver === localProvisioner
}
