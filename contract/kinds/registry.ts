import { certificateSigningRequestKind } from './certificates'
import * as core from './core'
import { dataVolumeKind } from './data-volume'
import type { Kind } from './kind'
import * as network from './network'
import { cdiConfigKind, cdiKind, kubeVirtKind, storageProfileKind } from './platform'
import { platformKind } from './platform-chiave'
import * as policy from './policy'
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from './rbac'
import { virtualMachineKind } from './virtual-machine'
import { virtualMachineInstanceKind } from './virtual-machine-instance'

/** Kinds that every Kubernetes API server has built in. */
export const builtInKinds: readonly Kind[] = [
  core.namespaceKind,
  core.nodeKind,
  core.podKind,
  core.persistentVolumeClaimKind,
  core.persistentVolumeKind,
  core.secretKind,
  core.configMapKind,
  core.eventKind,
  core.serviceAccountKind,
  core.storageClassKind,
  core.leaseKind,
  core.controllerRevisionKind,
  core.customResourceDefinitionKind,
  roleKind,
  roleBindingKind,
  clusterRoleKind,
  clusterRoleBindingKind,
  certificateSigningRequestKind,
  policy.resourceQuotaKind,
  policy.limitRangeKind,
  policy.priorityClassKind,
  policy.validatingAdmissionPolicyKind,
  policy.validatingAdmissionPolicyBindingKind,
  network.serviceKind,
  network.endpointsKind,
  network.endpointSliceKind,
  network.networkPolicyKind,
]

/** Kinds that operators bring as custom resources. */
export const customKinds: readonly Kind[] = [
  virtualMachineKind,
  virtualMachineInstanceKind,
  kubeVirtKind,
  dataVolumeKind,
  storageProfileKind,
  cdiConfigKind,
  cdiKind,
  platformKind,
]

/** The one list of kinds this project knows. A new kind adds its file and a line here. */
export const allKinds: readonly Kind[] = [...builtInKinds, ...customKinds]

/** Finds a kind by what an object or a reference says of itself; any served version counts. */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return allKinds.find(
    (known) =>
      known.kind === kind && known.group === group && (known.servedVersions ?? [known.version]).includes(version ?? ''),
  )
}
