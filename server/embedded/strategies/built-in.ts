import { containerKinds } from '@/contract/kinds/container-workloads'
import type { Kind } from '@/contract/kinds/kind'
import { validatingAdmissionPolicyBindingStrategy, validatingAdmissionPolicyStrategy } from './admission-policy'
import { certificateSigningRequestStrategy } from './certificate-signing-request'
import { configMapStrategy, secretStrategy } from './configuration'
import { containerWorkloadStrategy } from './container-workload'
import { customResourceDefinitionStrategy } from './custom-resource-definition'
import { limitRangeStrategy, priorityClassStrategy, resourceQuotaStrategy } from './limits'
import { namespaceStrategy } from './namespace'
import { endpointSliceStrategy, endpointsStrategy, networkPolicyStrategy, serviceStrategy } from './network'
import { clusterRoleBindingStrategy, clusterRoleStrategy, roleBindingStrategy, roleStrategy } from './rbac'
import { persistentVolumeClaimStrategy, persistentVolumeStrategy, storageClassStrategy } from './storage'
import { plainStrategy, type ResourceStrategy } from './strategy'
import { nodeStrategy, podStrategy } from './workload'

const strategies: Readonly<Record<string, ResourceStrategy>> = {
  namespaces: namespaceStrategy,
  nodes: nodeStrategy,
  pods: podStrategy,
  secrets: secretStrategy,
  configmaps: configMapStrategy,
  persistentvolumeclaims: persistentVolumeClaimStrategy,
  persistentvolumes: persistentVolumeStrategy,
  'storageclasses.storage.k8s.io': storageClassStrategy,
  'customresourcedefinitions.apiextensions.k8s.io': customResourceDefinitionStrategy,
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequestStrategy,
  'roles.rbac.authorization.k8s.io': roleStrategy,
  'clusterroles.rbac.authorization.k8s.io': clusterRoleStrategy,
  'rolebindings.rbac.authorization.k8s.io': roleBindingStrategy,
  'clusterrolebindings.rbac.authorization.k8s.io': clusterRoleBindingStrategy,
  resourcequotas: resourceQuotaStrategy,
  limitranges: limitRangeStrategy,
  'priorityclasses.scheduling.k8s.io': priorityClassStrategy,
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingAdmissionPolicyStrategy,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': validatingAdmissionPolicyBindingStrategy,
  services: serviceStrategy,
  endpoints: endpointsStrategy,
  'endpointslices.discovery.k8s.io': endpointSliceStrategy,
  'networkpolicies.networking.k8s.io': networkPolicyStrategy,
  ...Object.fromEntries(containerKinds.map(({ group, plural }) => [`${plural}.${group}`, containerWorkloadStrategy])),
  events: { ...plainStrategy, createOnUpdate: true },
  'leases.coordination.k8s.io': { ...plainStrategy, createOnUpdate: true },
}

/** How objects of a built-in kind are written. */
export function strategyOf({ group, plural }: Kind): ResourceStrategy {
  return strategies[group === '' ? plural : `${plural}.${group}`] ?? plainStrategy
}
