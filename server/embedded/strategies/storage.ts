import { isJsonObject, type JsonObject, jsonEqual, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Claims, volumes and storage classes. */

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

function accessModeErrors(object: ApiObject): FieldError[] {
  const modes = part(object, 'spec')['accessModes']
  if (!Array.isArray(modes) || modes.length === 0) {
    return [requiredValue('spec.accessModes', 'at least 1 access mode is required')]
  }
  return modes
    .filter((mode: unknown) => !accessModes.includes(String(mode)))
    .map((mode: unknown) => unsupportedValue('spec.accessModes', mode, accessModes))
}

function requestedStorage(spec: JsonObject): unknown {
  const resources = spec['resources']
  const requests = isJsonObject(resources) ? resources['requests'] : undefined
  return isJsonObject(requests) ? requests['storage'] : undefined
}

/** A claim's spec without what may change after creation. */
function fixedClaimSpec(object: ApiObject): JsonObject {
  const { resources: _resources, volumeAttributesClassName: _class, ...fixed } = part(object, 'spec')
  return fixed
}

export const persistentVolumeClaimStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate(object) {
    object['spec'] = { volumeMode: 'Filesystem', ...part(object, 'spec') }
    object['status'] = { phase: 'Pending' }
  },
  validate: (object) => [
    ...accessModeErrors(object),
    ...(requestedStorage(part(object, 'spec')) === undefined ? [requiredValue('spec.resources[storage]')] : []),
  ],
  validateUpdate(object, old) {
    const before = fixedClaimSpec(old)
    // Binding fills in the volume once; a claim without class gets one later.
    const allowed = {
      ...fixedClaimSpec(object),
      ...(before['volumeName'] ? {} : { volumeName: undefined }),
      ...(before['storageClassName'] === undefined ? { storageClassName: undefined } : {}),
    }
    if (jsonEqual({ ...before }, allowed)) return []
    return [
      forbiddenValue(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    ]
  },
}

export const persistentVolumeStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate(object) {
    object['spec'] = { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', ...part(object, 'spec') }
    object['status'] = { phase: 'Pending' }
  },
  validate: (object) => {
    const capacity = part(object, 'spec')['capacity']
    const sized = isJsonObject(capacity) && capacity['storage'] !== undefined
    return [...accessModeErrors(object), ...(sized ? [] : [requiredValue('spec.capacity')])]
  },
}

export const storageClassStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate(object) {
    object['reclaimPolicy'] ??= 'Delete'
    object['volumeBindingMode'] ??= 'Immediate'
  },
  validate: (object) =>
    typeof object['provisioner'] === 'string' && object['provisioner'] !== '' ? [] : [requiredValue('provisioner')],
  validateUpdate: (object, old) =>
    ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']
      .filter((field) => !jsonEqual(object[field], old[field]))
      .map((field) =>
        field === 'parameters'
          ? forbiddenValue(field, 'updates to parameters are forbidden.')
          : field === 'provisioner'
            ? forbiddenValue(field, 'updates to provisioner are forbidden.')
            : invalidValue(field, object[field], 'field is immutable'),
      ),
}
