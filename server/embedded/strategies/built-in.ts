import type { Kind } from '@/contract/kinds/kind'
import { configMapStrategy, secretStrategy } from './configuration'
import { customResourceDefinitionStrategy } from './custom-resource-definition'
import { namespaceStrategy } from './namespace'
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
  events: { ...plainStrategy, createOnUpdate: true },
  'leases.coordination.k8s.io': { ...plainStrategy, createOnUpdate: true },
}

/** How objects of a built-in kind are written. */
export function strategyOf({ group, plural }: Kind): ResourceStrategy {
  return strategies[group === '' ? plural : `${plural}.${group}`] ?? plainStrategy
}
