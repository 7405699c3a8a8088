import type { Condition, KubeObject, ObjectMeta } from '../kube-object'
import { defineKind } from './kind'

/** The core kinds that the console reads and the embedded cluster serves (Kubernetes API reference, v1). */

export interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] }
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}
export const namespaceKind = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  shortNames: ['ns'],
  statusSubresource: true,
})

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[]; providerID?: string }
  status?: {
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    conditions?: Condition[]
    addresses?: { type: string; address: string }[]
    nodeInfo?: Record<string, string>
  }
}
export const nodeKind = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  shortNames: ['no'],
  statusSubresource: true,
})

export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[]
    volumeMode?: 'Filesystem' | 'Block'
    storageClassName?: string
    volumeName?: string
    resources?: { requests?: { storage?: string } }
    dataSource?: { apiGroup?: string; kind: string; name: string }
    dataSourceRef?: { apiGroup?: string; kind: string; name: string; namespace?: string }
  }
  status?: {
    phase?: 'Pending' | 'Bound' | 'Lost'
    accessModes?: string[]
    capacity?: { storage?: string }
    conditions?: Condition[]
  }
}
export const persistentVolumeClaimKind = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  shortNames: ['pvc'],
  statusSubresource: true,
})

export interface PersistentVolume extends KubeObject {
  spec: {
    capacity?: { storage?: string }
    accessModes?: string[]
    volumeMode?: 'Filesystem' | 'Block'
    storageClassName?: string
    persistentVolumeReclaimPolicy?: 'Delete' | 'Retain'
    claimRef?: { apiVersion?: string; kind?: string; namespace: string; name: string; uid?: string }
    csi?: { driver: string; volumeHandle: string }
    nodeAffinity?: unknown
  }
  status?: { phase?: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed'; reason?: string; message?: string }
}
export const persistentVolumeKind = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
  shortNames: ['pv'],
  statusSubresource: true,
})

export interface Secret extends KubeObject {
  type?: string
  /** base64 */
  data?: Record<string, string>
  /** Write only: merged into `data` by the server. */
  stringData?: Record<string, string>
  immutable?: boolean
}
export const secretKind = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
})

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
  binaryData?: Record<string, string>
  immutable?: boolean
}
export const configMapKind = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  shortNames: ['cm'],
})

export interface KubeEvent extends KubeObject {
  involvedObject: {
    apiVersion?: string
    kind?: string
    namespace?: string
    name?: string
    uid?: string
    fieldPath?: string
  }
  type?: 'Normal' | 'Warning'
  reason?: string
  message?: string
  count?: number
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  source?: { component?: string; host?: string }
  reportingComponent?: string
  reportingInstance?: string
}
export const eventKind = defineKind<KubeEvent>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  shortNames: ['ev'],
})

export interface Pod extends KubeObject {
  spec: {
    nodeName?: string
    containers: {
      name: string
      image: string
      resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
    }[]
    restartPolicy?: string
    terminationGracePeriodSeconds?: number
  }
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    conditions?: Condition[]
    podIP?: string
    podIPs?: { ip: string }[]
    hostIP?: string
    startTime?: string
    containerStatuses?: unknown[]
    qosClass?: string
    reason?: string
    message?: string
  }
}
export const podKind = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
  statusSubresource: true,
})

export interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean
}
export const serviceAccountKind = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
  shortNames: ['sa'],
})

export interface StorageClass extends KubeObject {
  provisioner: string
  parameters?: Record<string, string>
  reclaimPolicy?: 'Delete' | 'Retain'
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer'
  allowVolumeExpansion?: boolean
}
export const storageClassKind = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
  shortNames: ['sc'],
})

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}
export const leaseKind = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
})

export interface ControllerRevision extends KubeObject {
  data?: unknown
  revision: number
}
export const controllerRevisionKind = defineKind<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
})

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: {
      plural: string
      singular?: string
      kind: string
      listKind?: string
      shortNames?: string[]
      categories?: string[]
    }
    versions: {
      name: string
      served: boolean
      storage: boolean
      deprecated?: boolean
      schema?: { openAPIV3Schema?: unknown }
      subresources?: {
        status?: Record<string, never>
        scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
      }
      additionalPrinterColumns?: unknown[]
      selectableFields?: { jsonPath: string }[]
    }[]
    conversion?: { strategy: string }
  }
  status?: { conditions?: Condition[]; acceptedNames?: unknown; storedVersions?: string[] }
}
export const customResourceDefinitionKind = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  statusSubresource: true,
})

/** What a template of another object carries of its metadata. */
export type TemplateMeta = Partial<Pick<ObjectMeta, 'name' | 'labels' | 'annotations' | 'namespace'>>
