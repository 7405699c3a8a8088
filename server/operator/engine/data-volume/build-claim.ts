import type { PersistentVolumeClaim, StorageClass } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import type { StorageProfile } from '@/contract/kinds/platform'
import { controllerReference } from '../../runtime/controller'
import { filledByAnnotation, filledByDataVolume } from '../persistent-volume-claim/content'
import { selectedNodeAnnotation } from '../virtual-machine-instance/volumes'
import type { SourceView } from './source'

export interface ClaimInput {
  dataVolume: DataVolume
  source: SourceView
  storageClass?: StorageClass | undefined
  profile?: StorageProfile | undefined
}

/** The claim a DataVolume fills, or why there cannot be one, in CDI's words where it has some. */
export function buildDataVolumeClaim(input: ClaimInput): { claim: PersistentVolumeClaim } | { problem: string } {
  const { dataVolume, storageClass } = input
  const wanted = dataVolume.spec.storage ?? dataVolume.spec.pvc
  const size = readSize(input)
  if ('problem' in size) return size
  if (!storageClass) {
    const named = wanted?.storageClassName
    return { problem: named ? `StorageClass ${named} does not exist` : 'no default StorageClass found' }
  }
  const modes = readModes(input)
  if (!modes.accessModes?.length) {
    return { problem: 'PVC spec is missing accessMode and no storageClass to choose profile' }
  }
  const spec = {
    accessModes: modes.accessModes,
    volumeMode: modes.volumeMode,
    storageClassName: storageClass.metadata.name,
    resources: { requests: { storage: size.storage } },
  }
  return { claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: buildMeta(input), spec } }
}

/** What is not asked for comes from the first choice of the class' StorageProfile. */
function readModes({ dataVolume, profile }: ClaimInput) {
  const wanted = dataVolume.spec.storage ?? dataVolume.spec.pvc
  const [first] = profile?.status?.claimPropertySets ?? []
  const volumeMode: 'Block' | 'Filesystem' = first?.volumeMode === 'Block' ? 'Block' : 'Filesystem'
  return { accessModes: wanted?.accessModes ?? first?.accessModes, volumeMode: wanted?.volumeMode ?? volumeMode }
}

/** What is asked for; a copy may leave it to what it copies. */
function readSize({ dataVolume, source }: ClaimInput): { storage: string } | { problem: string } {
  const wanted = dataVolume.spec.storage ?? dataVolume.spec.pvc
  const asked = wanted?.resources?.requests?.storage
  if (asked !== undefined) return { storage: asked }
  if (source.type !== 'clone') return { problem: 'PVC Spec is not valid - missing storage size' }
  const original = source.claim?.status?.capacity?.storage
  if (original !== undefined) return { storage: original }
  return { problem: source.waits ?? 'the size of the source is not known yet' }
}

function buildMeta({ dataVolume, source }: ClaimInput): PersistentVolumeClaim['metadata'] {
  const { name, namespace, labels, annotations } = dataVolume.metadata
  const node = source.type === 'clone' ? source.claim?.metadata.annotations?.[selectedNodeAnnotation] : undefined
  return {
    name,
    ...(namespace ? { namespace } : {}),
    labels: {
      ...labels,
      app: 'containerized-data-importer',
      'app.kubernetes.io/component': 'storage',
      'app.kubernetes.io/managed-by': 'cdi-controller',
      'alerts.k8s.io/KubePersistentVolumeFillingUp': 'disabled',
    },
    annotations: {
      ...annotations,
      'cdi.kubevirt.io/storage.contentType': 'kubevirt',
      [filledByAnnotation]: filledByDataVolume,
      // A copy is made on the node of what it copies.
      ...(node ? { [selectedNodeAnnotation]: node } : {}),
    },
    ownerReferences: [controllerReference(dataVolumeKind, dataVolume)],
  }
}
