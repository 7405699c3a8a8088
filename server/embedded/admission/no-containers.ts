import { containerKinds } from '@/contract/kinds/container-workloads'
import type { ApiObject } from '../api-object'
import { forbidden } from '../errors/status-error'
import { groupResource, resourceName } from '../registry/served-resource'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

const why = 'this cluster runs no containers'

/** Kinds whose objects have a pod that stands for their work, by `kind.group` of an owner reference. */
const ownersOfPods: Readonly<Record<string, string>> = {
  'VirtualMachineInstance.kubevirt.io': 'virtualmachineinstances.kubevirt.io',
  'DataVolume.cdi.kubevirt.io': 'datavolumes.cdi.kubevirt.io',
}

/**
 * Nothing is stored that nothing would run: kinds of containers are checked under a dry run and refused otherwise, and
 * so is a pod that is not an instance's own.
 */
export const noContainers: AdmissionPlugin = {
  name: 'NoContainers',
  resources: ['pods', ...containerKinds.map(resourceName)],
  validate(request) {
    const { operation, object, resource, dryRun } = request
    if (operation !== 'CREATE' || dryRun || !object) return
    if (resourceName(resource) === 'pods' && isOwned(request, object)) return
    throw forbidden(groupResource(resource), object.metadata.name, why)
  },
}

function isOwned({ read }: AdmissionRequest, pod: ApiObject): boolean {
  return (pod.metadata.ownerReferences ?? []).some(({ apiVersion, kind, name, uid }) => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    const resource = ownersOfPods[`${kind}.${group}`]
    if (resource === undefined) return false
    return read({ resource, namespace: pod.metadata.namespace ?? '', name })?.metadata.uid === uid
  })
}
