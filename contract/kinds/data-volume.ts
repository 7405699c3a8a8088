import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/**
 * On a DataVolume with an http source: where the publisher lists the checksums of the file at its `url`. An importer that
 * knows it fails when the file differs or is not listed; one that does not takes no notice. Without effect beside an
 * explicit `checksum`.
 */
export const checksumUrlAnnotation = 'chiave.io/checksum-url'

export interface DataVolumeSource {
  http?: {
    url: string
    secretRef?: string
    certConfigMap?: string
    extraHeaders?: string[]
    secretExtraHeaders?: string[]
    checksum?: string
    insecureSkipVerify?: boolean
  }
  blank?: Record<string, never>
  pvc?: { namespace?: string; name: string }
  upload?: Record<string, never>
  registry?: { url?: string; imageStream?: string; pullMethod?: string; secretRef?: string; certConfigMap?: string }
  snapshot?: { namespace?: string; name: string }
  s3?: { url: string; secretRef?: string; certConfigMap?: string }
  gcs?: { url: string; secretRef?: string }
  imageio?: Record<string, unknown>
  vddk?: Record<string, unknown>
}

export interface StorageSpec {
  accessModes?: string[]
  volumeMode?: 'Filesystem' | 'Block'
  storageClassName?: string
  resources?: { requests?: { storage?: string } }
}

export interface DataVolumeSpec {
  source?: DataVolumeSource
  sourceRef?: { kind: string; name: string; namespace?: string }
  storage?: StorageSpec
  pvc?: StorageSpec
  contentType?: 'kubevirt' | 'archive'
  preallocation?: boolean
}

export type DataVolumePhase =
  | ''
  | 'Pending'
  | 'PVCBound'
  | 'WaitForFirstConsumer'
  | 'PendingPopulation'
  | 'ImportScheduled'
  | 'ImportInProgress'
  | 'CloneScheduled'
  | 'CloneInProgress'
  | 'UploadScheduled'
  | 'UploadReady'
  | 'Succeeded'
  | 'Failed'
  | 'Paused'
  | 'Unknown'

export interface DataVolume extends KubeObject {
  spec: DataVolumeSpec
  status?: {
    phase?: DataVolumePhase
    /** e.g. `45.12%`, or `N/A`. */
    progress?: string
    restartCount?: number
    claimName?: string
    conditions?: Condition[]
  }
}

export const dataVolumeKind = defineKind<DataVolume>({
  group: 'cdi.kubevirt.io',
  version: 'v1beta1',
  kind: 'DataVolume',
  plural: 'datavolumes',
  namespaced: true,
  shortNames: ['dv', 'dvs'],
  categories: ['all'],
  statusSubresource: true,
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'The phase the data volume is in' },
    {
      name: 'Progress',
      type: 'string',
      jsonPath: '.status.progress',
      description: 'Transfer progress in percentage if known, N/A otherwise',
    },
    {
      name: 'Restarts',
      type: 'integer',
      jsonPath: '.status.restartCount',
      description: 'The number of times the transfer has been restarted.',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
})
