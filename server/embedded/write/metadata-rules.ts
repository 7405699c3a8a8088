import { isJsonObject } from '@/contract/json'
import { isLabelKey, isLabelValue } from '@/contract/selectors'
import type { ApiObject } from '../api-object'
import { label, labelValueWhy, labelWhy, qualifiedWhy, subdomain, subdomainWhy } from '../errors/name-words'
import { type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
import type { ServedResource } from '../registry/served-resource'

const annotationLimit = 256 * 1024

/** What is wrong with an object's metadata, in Kubernetes' words. */
export function metadataErrors(object: ApiObject, resource: ServedResource): FieldError[] {
  return [
    ...nameErrors(object.metadata.name, resource),
    ...labelErrors(object.metadata.labels),
    ...annotationErrors(object.metadata.annotations),
    ...finalizerErrors(object.metadata.finalizers),
    ...ownerErrors(object.metadata.ownerReferences),
  ]
}

function nameErrors(name: unknown, { strategy }: ServedResource): FieldError[] {
  const field = 'metadata.name'
  if (typeof name !== 'string' || name === '') return [requiredValue(field, 'name or generateName is required')]
  if (strategy.pathName) return pathNameErrors(field, name)
  if (strategy.labelName) {
    if (name.length > 63) return [invalidValue(field, name, 'must be no more than 63 characters')]
    return label.test(name) ? [] : [invalidValue(field, name, labelWhy)]
  }
  if (name.length > 253) return [invalidValue(field, name, 'must be no more than 253 characters')]
  return subdomain.test(name) ? [] : [invalidValue(field, name, subdomainWhy)]
}

/** Names that only need to be a segment of a path (apimachinery, IsValidPathSegmentName). */
export function pathNameErrors(field: string, name: string): FieldError[] {
  if (name === '.' || name === '..') return [invalidValue(field, name, `may not be '${name}'`)]
  return ['/', '%']
    .filter((character) => name.includes(character))
    .map((character) => invalidValue(field, name, `may not contain '${character}'`))
}

function labelErrors(labels: unknown): FieldError[] {
  const field = 'metadata.labels'
  if (labels === undefined || labels === null) return []
  if (!isJsonObject(labels)) return [invalidValue(field, labels, 'must be a map of strings')]
  return Object.entries(labels).flatMap(([key, value]) => {
    if (!isLabelKey(key)) {
      return [invalidValue(field, key, qualifiedWhy)]
    }
    if (typeof value !== 'string') return [invalidValue(field, value, 'must be a string')]
    if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')]
    if (isLabelValue(value)) return []
    return [invalidValue(field, value, labelValueWhy)]
  })
}

function annotationErrors(annotations: unknown): FieldError[] {
  const field = 'metadata.annotations'
  if (annotations === undefined || annotations === null) return []
  if (!isJsonObject(annotations)) return [invalidValue(field, annotations, 'must be a map of strings')]
  let size = 0
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(annotations)) {
    if (!isLabelKey(key.toLowerCase())) errors.push(invalidValue(field, key, 'name part must be a qualified name'))
    if (typeof value !== 'string') errors.push(invalidValue(`${field}.${key}`, value, 'must be a string'))
    else size += key.length + value.length
  }
  if (size > annotationLimit) {
    errors.push({
      reason: 'FieldValueInvalid',
      field,
      detail: `Too long: may not be more than ${annotationLimit} bytes`,
    })
  }
  return errors
}

function finalizerErrors(finalizers: unknown): FieldError[] {
  if (finalizers === undefined || finalizers === null) return []
  if (!Array.isArray(finalizers)) return [invalidValue('metadata.finalizers', finalizers, 'must be a list of strings')]
  return finalizers
    .filter((entry) => typeof entry !== 'string' || !isLabelKey(entry))
    .map((entry) => invalidValue('metadata.finalizers', entry, 'name part must be a qualified name'))
}

function ownerErrors(owners: unknown): FieldError[] {
  if (owners === undefined || owners === null) return []
  const field = 'metadata.ownerReferences'
  if (!Array.isArray(owners)) return [invalidValue(field, owners, 'must be a list')]
  const errors = owners.flatMap((owner: unknown, index): FieldError[] =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter((key) => !isJsonObject(owner) || typeof owner[key] !== 'string' || owner[key] === '')
      .map((key) =>
        invalidValue(`${field}[${index}].${key}`, '', `${key === 'apiVersion' ? 'version' : key} must not be empty`),
      ),
  )
  const controllers = owners.filter((owner) => isJsonObject(owner) && owner['controller'] === true)
  if (controllers.length > 1) {
    errors.push(invalidValue(field, controllers.length, 'Only one reference can have Controller set to true'))
  }
  return errors
}

/** What an update may not change in metadata. */
export function metadataUpdateErrors(object: ApiObject, old: ApiObject): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return []
  const before = old.metadata.finalizers ?? []
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.includes(finalizer))
  if (added.length === 0) return []
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
  return [
    forbiddenValue(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ]
}
