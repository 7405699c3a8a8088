import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** The objects in which KubeVirt and CDI keep their own configuration. */

export interface KubeVirt extends KubeObject {
  spec?: {
    configuration?: {
      developerConfiguration?: { useEmulation?: boolean; featureGates?: string[]; disabledFeatureGates?: string[] }
      evictionStrategy?: string
    }
  }
  status?: {
    phase?: string
    observedKubeVirtVersion?: string
    targetKubeVirtVersion?: string
    operatorVersion?: string
    conditions?: Condition[]
  }
}
export const kubeVirtKind = defineKind<KubeVirt>({
  group: 'kubevirt.io',
  version: 'v1',
  servedVersions: ['v1', 'v1alpha3'],
  kind: 'KubeVirt',
  plural: 'kubevirts',
  namespaced: true,
  shortNames: ['kv', 'kvs'],
  categories: ['all'],
  statusSubresource: true,
  columns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  ],
})

export interface StorageProfile extends KubeObject {
  spec?: { claimPropertySets?: { accessModes: string[]; volumeMode: string }[]; cloneStrategy?: string }
  status?: {
    storageClass?: string
    provisioner?: string
    claimPropertySets?: { accessModes: string[]; volumeMode: string }[]
    cloneStrategy?: string
    conditions?: Condition[]
  }
}
export const storageProfileKind = defineKind<StorageProfile>({
  group: 'cdi.kubevirt.io',
  version: 'v1beta1',
  kind: 'StorageProfile',
  plural: 'storageprofiles',
  namespaced: false,
  statusSubresource: true,
})

export interface CdiConfig extends KubeObject {
  spec?: Record<string, unknown>
  status?: {
    uploadProxyURL?: string
    scratchSpaceStorageClass?: string
    filesystemOverhead?: { global?: string; storageClass?: Record<string, string> }
  }
}
export const cdiConfigKind = defineKind<CdiConfig>({
  group: 'cdi.kubevirt.io',
  version: 'v1beta1',
  kind: 'CDIConfig',
  plural: 'cdiconfigs',
  namespaced: false,
})

export interface Cdi extends KubeObject {
  spec?: Record<string, unknown>
  status?: {
    phase?: string
    observedVersion?: string
    targetVersion?: string
    operatorVersion?: string
    conditions?: Condition[]
  }
}
export const cdiKind = defineKind<Cdi>({
  group: 'cdi.kubevirt.io',
  version: 'v1beta1',
  kind: 'CDI',
  plural: 'cdis',
  namespaced: false,
  shortNames: ['cdi', 'cdis'],
  columns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  ],
})
