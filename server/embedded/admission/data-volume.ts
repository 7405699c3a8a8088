import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { deniedByCdi } from './causes'
import { authorizeClone } from './data-volume-clone'
import { fail } from './data-volume-source'
import { dataVolumeCauses, nameFault } from './data-volume-spec'
import { objectAt, objectsAt } from './machine-fields'

const webhook = 'datavolume-validate.cdi.kubevirt.io'

/** CDI's rules for DataVolumes. */
export const dataVolumeAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['datavolumes.cdi.kubevirt.io'],
  mutate(request) {
    const { operation, object, subresource } = request
    if (operation === 'DELETE' || subresource !== '' || object?.metadata.deletionTimestamp !== undefined) return
    if (operation === 'CREATE') authorizeClone(request)
  },
  validate(request) {
    const { operation, object, subresource } = request
    if (!object || operation === 'DELETE' || subresource !== '' || object.metadata.deletionTimestamp !== undefined)
      return
    const causes = findCauses(request)
    if (causes.length > 0) throw deniedByCdi(webhook, causes)
  },
}

function findCauses(request: AdmissionRequest): StatusCause[] {
  const { operation, object, old } = request
  const spec = objectAt(object, 'spec') ?? {}
  if (operation === 'UPDATE') {
    return isSameImport(spec, objectAt(old, 'spec') ?? {})
      ? []
      : [{ reason: 'FieldValueDuplicate', message: 'Cannot update DataVolume Spec', field: 'DataVolume.Spec' }]
  }
  const name = nameFault(object?.metadata.name ?? '')
  if (name) return [name]
  const taken = takenClaim(request)
  return taken ? [taken] : dataVolumeCauses('spec', spec)
}

/** Imports in stages get further checkpoints; all else of a spec stays. */
function isSameImport(spec: JsonObject, old: JsonObject): boolean {
  if (jsonEqual(spec, old)) return true
  const staged = ['vddk', 'imageio'].some((kind) => objectAt(spec, 'source', kind))
  if (!staged || objectsAt(spec, 'checkpoints').length === 0) return false
  const rest = ({ checkpoints: _checkpoints, finalCheckpoint: _final, ...others }: JsonObject) => others
  return jsonEqual(rest(spec), rest(old))
}

/** The claim a volume would make may only be there already when a volume made it or it was filled for it. */
function takenClaim({ object, read }: AdmissionRequest): StatusCause | undefined {
  const { name = '', namespace = '', annotations = {} } = object?.metadata ?? {}
  const claim = read({ resource: 'persistentvolumeclaims', namespace, name })
  const adopts = annotations['cdi.kubevirt.io/allowClaimAdoption'] === 'true'
  if (!claim || adopts || claim.metadata.annotations?.['cdi.kubevirt.io/storage.populatedFor'] === name)
    return undefined
  const owner = objectsAt(claim, 'metadata', 'ownerReferences').find(({ controller }) => controller === true)
  if (owner?.['kind'] === 'DataVolume') return undefined
  return {
    ...fail('DataVolume.Name', `Destination PVC ${namespace}/${name} already exists`),
    reason: 'FieldValueDuplicate',
  }
}
