import { isJsonObject, type JsonObject, jsonEqual, part } from '@/contract/json'
import { JsonPathError, parseJsonPath } from '@/contract/json-path'
import type { ApiObject } from '../api-object'
import { label1035, label1035Why, subdomain, subdomainWhy } from '../errors/name-words'
import {
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../errors/status-error'
import { defaultAndRuleErrors, nodeAt } from '../schema/default-and-rule-errors'
import { listErrors } from '../schema/list-rules'
import { readSchema, SchemaDepthError } from '../schema/schema-node'
import { structuralErrors } from '../schema/structural-rules'

/** What Kubernetes says against a CustomResourceDefinition, in its own words. */

export function specOf(object: ApiObject): JsonObject {
  return part(object, 'spec')
}

export function namesOf(object: ApiObject): JsonObject {
  const { names } = specOf(object)
  return isJsonObject(names) ? names : {}
}

export function versionsOf(object: ApiObject): JsonObject[] {
  const { versions } = specOf(object)
  return Array.isArray(versions) ? versions.filter(isJsonObject) : []
}

function label1035Error(field: string, value: unknown, prefix = ''): FieldError[] {
  const text = typeof value === 'string' ? value : ''
  const words = [
    ...(text.length > 63 ? ['must be no more than 63 bytes'] : []),
    ...(label1035.test(text) ? [] : [label1035Why]),
  ]
  return words.length === 0 ? [] : [invalidValue(field, value ?? '', prefix + words.join(','))]
}

export function definitionErrors(object: ApiObject): FieldError[] {
  const expected = `${String(namesOf(object)['plural'])}.${String(specOf(object)['group'])}`
  const misnamed =
    object.metadata.name === expected
      ? []
      : [invalidValue('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`)]
  return [
    ...misnamed,
    ...approvalErrors(object),
    ...groupAndScopeErrors(specOf(object)),
    ...versionErrors(object),
    ...namesErrors(namesOf(object)),
    ...conversionErrors(specOf(object)),
    ...schemaErrors(object),
  ]
}

const approval = 'api-approved.kubernetes.io'

export function isProtectedGroup(group: unknown): boolean {
  return typeof group === 'string' && /(^|\.)(k8s|kubernetes)\.io$/.test(group)
}

function approvalErrors(object: ApiObject): FieldError[] {
  if (!isProtectedGroup(specOf(object)['group'])) return []
  const field = `metadata.annotations[${approval}]`
  const value = object.metadata.annotations?.[approval]
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (value === undefined || value === '') {
    return [requiredValue(field, `protected groups must have approval annotation "${approval}", ${see}`)]
  }
  if (value.startsWith('unapproved') || URL.canParse(value)) return []
  return [
    invalidValue(
      field,
      value,
      `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", ${see}`,
    ),
  ]
}

function groupAndScopeErrors({ group, scope }: JsonObject): FieldError[] {
  const errors: FieldError[] = []
  if (typeof group !== 'string' || group === '') errors.push(requiredValue('spec.group'))
  else if (!subdomain.test(group)) errors.push(invalidValue('spec.group', group, subdomainWhy))
  else if (!group.includes('.'))
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'))
  if (scope === undefined || scope === '') errors.push(requiredValue('spec.scope'))
  else if (scope !== 'Namespaced' && scope !== 'Cluster')
    errors.push(unsupportedValue('spec.scope', scope, ['Cluster', 'Namespaced']))
  return errors
}

function namesErrors(names: JsonObject): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    if (typeof names[field] !== 'string' || names[field] === '') errors.push(requiredValue(`spec.names.${field}`))
  }
  for (const field of ['plural', 'singular']) {
    if (names[field]) errors.push(...label1035Error(`spec.names.${field}`, names[field]))
  }
  for (const field of ['kind', 'listKind']) {
    const value = names[field]
    if (typeof value !== 'string' || value === '') continue
    if (label1035Error('', value.toLowerCase()).length > 0) {
      const words = `may have mixed case, but should otherwise match: ${label1035Why}`
      errors.push(invalidValue(`spec.names.${field}`, value, words))
    }
  }
  if (names['kind'] && names['kind'] === names['listKind']) {
    errors.push(invalidValue('spec.names.listKind', names['listKind'], 'kind and listKind may not be the same'))
  }
  for (const field of ['shortNames', 'categories']) {
    const list = names[field]
    if (!Array.isArray(list)) continue
    errors.push(...list.flatMap((value: unknown, index) => label1035Error(`spec.names.${field}[${index}]`, value)))
  }
  return errors
}

function versionErrors(object: ApiObject): FieldError[] {
  const versions = versionsOf(object)
  const names = versions.map((version) => version['name'])
  const errors = versions.flatMap((version, index) => label1035Error(`spec.versions[${index}].name`, version['name']))
  if (new Set(names).size < names.length) {
    errors.push(invalidValue('spec.versions', names, 'must contain unique version names'))
  }
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(invalidValue('spec.versions', names, 'must have exactly one version marked as storage version'))
  }
  for (const [index, { deprecated, deprecationWarning }] of versions.entries()) {
    if (deprecationWarning === undefined || deprecated === true) continue
    const words = 'can only be set for deprecated versions'
    errors.push(invalidValue(`spec.versions[${index}].deprecationWarning`, deprecationWarning, words))
  }
  if (specOf(object)['preserveUnknownFields'] === true) {
    errors.push(invalidValue('spec.preserveUnknownFields', true, 'must be false in order to use a structural schema'))
  }
  return errors
}

function conversionErrors({ conversion }: JsonObject): FieldError[] {
  if (!isJsonObject(conversion)) return []
  const { strategy, webhook } = conversion
  if (strategy === undefined || strategy === '') return [requiredValue('spec.conversion.strategy')]
  if (strategy === 'None') {
    const words = 'should not be set when strategy is not set to Webhook'
    return webhook === undefined || webhook === null ? [] : [forbiddenValue('spec.conversion.webhook', words)]
  }
  if (strategy !== 'Webhook') return [unsupportedValue('spec.conversion.strategy', strategy, ['None', 'Webhook'])]
  const client = isJsonObject(webhook) ? webhook['clientConfig'] : undefined
  const words = 'required when strategy is set to Webhook'
  return isJsonObject(client) ? [] : [requiredValue('spec.conversion.webhook.clientConfig', words)]
}

/** Schemas, columns and subresources: where all versions say the same, errors are about the definition as a whole. */
function schemaErrors(object: ApiObject): FieldError[] {
  const versions = versionsOf(object)
  const same = (field: string): boolean => versions.every((version) => jsonEqual(version[field], versions[0]?.[field]))
  const [oneSchema, oneColumns, oneSubresources, oneSelectable] = [
    same('schema'),
    same('additionalPrinterColumns'),
    same('subresources'),
    same('selectableFields'),
  ]
  return versions.flatMap((version, index) => {
    const at = `spec.versions[${index}]`
    const schema = isJsonObject(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined
    if (!isJsonObject(schema)) return [requiredValue(`${at}.schema.openAPIV3Schema`, 'schemas are required')]
    const first = index === 0
    const schemaPath = `${oneSchema ? 'spec.validation' : `${at}.schema`}.openAPIV3Schema`
    return [
      ...(first || !oneSchema ? oneSchemaErrors(schema, schemaPath) : []),
      ...(first || !oneColumns ? columnErrors(version['additionalPrinterColumns'], oneColumns ? 'spec' : at) : []),
      ...(first || !oneSubresources ? scaleErrors(version['subresources'], oneSubresources ? 'spec' : at) : []),
      ...(first || !oneSelectable
        ? selectableErrors(version['selectableFields'], schema, oneSelectable ? 'spec' : at)
        : []),
    ]
  })
}

function oneSchemaErrors(schema: JsonObject, path: string): FieldError[] {
  const errors = [...structuralErrors(schema, path), ...listErrors(schema, path)]
  if (errors.length > 0) return errors
  try {
    return defaultAndRuleErrors(readSchema(schema), path)
  } catch (error) {
    if (!(error instanceof SchemaDepthError)) throw error
    return [forbiddenValue(path, error.message)]
  }
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']

function columnErrors(columns: unknown, at: string): FieldError[] {
  if (!Array.isArray(columns)) return []
  return columns.flatMap((column: unknown, index): FieldError[] => {
    const field = `${at}.additionalPrinterColumns[${index}]`
    const { name, type, jsonPath } = isJsonObject(column) ? column : {}
    const errors: FieldError[] = []
    if (typeof name !== 'string' || name === '') errors.push(requiredValue(`${field}.name`))
    if (typeof type !== 'string' || type === '') {
      errors.push(requiredValue(`${field}.type`, `must be one of ${columnTypes.join(',')}`))
    } else if (!columnTypes.includes(type)) {
      errors.push(invalidValue(`${field}.type`, type, `must be one of ${columnTypes.join(',')}`))
    }
    return [...errors, ...jsonPathErrors(jsonPath, `${field}.jsonPath`)]
  })
}

function jsonPathErrors(path: unknown, field: string): FieldError[] {
  if (typeof path !== 'string' || path === '') return [requiredValue(field)]
  try {
    parseJsonPath(path)
    return []
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    return [invalidValue(field, path, error.message)]
  }
}

function scaleErrors(subresources: unknown, at: string): FieldError[] {
  const scale = isJsonObject(subresources) ? subresources['scale'] : undefined
  if (!isJsonObject(scale)) return []
  const field = `${at}.subresources.scale`
  const errors: FieldError[] = []
  for (const [name, prefix, required] of [
    ['specReplicasPath', '.spec.', true],
    ['statusReplicasPath', '.status.', true],
    ['labelSelectorPath', '', false],
  ] as const) {
    const value = scale[name]
    if (typeof value !== 'string' || value === '') {
      if (required) errors.push(requiredValue(`${field}.${name}`))
      continue
    }
    const ok = prefix === '' ? /^\.(spec|status)\./.test(value) : value.startsWith(prefix)
    const where = prefix === '' ? 'either .spec or .status' : prefix.slice(0, -1)
    if (!ok) errors.push(invalidValue(`${field}.${name}`, value, `should be a json path under ${where}`))
  }
  return errors
}

const mostSelectable = 8

function selectableErrors(fields: unknown, schema: JsonObject, at: string): FieldError[] {
  if (!Array.isArray(fields)) return []
  const field = `${at}.selectableFields`
  if (fields.length > mostSelectable) {
    return [
      {
        reason: 'FieldValueTooMany',
        field,
        detail: `Too many: ${fields.length}: must have at most ${mostSelectable} items`,
      },
    ]
  }
  const root = readSchema(schema)
  const seen = new Set<string>()
  return fields.flatMap((entry: unknown, index): FieldError[] => {
    const path = isJsonObject(entry) ? entry['jsonPath'] : undefined
    const place = `${field}[${index}].jsonPath`
    if (typeof path !== 'string' || path === '') return [requiredValue(place)]
    if (seen.has(path)) return [duplicateValue(place, path)]
    seen.add(path)
    if (!/^(\.[A-Za-z_$][\w$-]*)+$/.test(path)) return [invalidValue(place, path, 'is an invalid path')]
    if (path.startsWith('.metadata.')) return [invalidValue(place, path, 'must not point to fields in metadata')]
    const node = nodeAt(root, path)
    if (!node) return [invalidValue(place, path, 'is an invalid path: does not refer to a valid field')]
    const type = node.types.length === 1 ? (node.types[0] ?? '') : ''
    return ['boolean', 'integer', 'string'].includes(type)
      ? []
      : [invalidValue(place, path, 'must point to a field of type boolean, integer or string')]
  })
}

/** What an update may not change: what names the stored objects, and versions that objects are stored in. */
export function definitionUpdateErrors(object: ApiObject, old: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  const fixed = (field: string, now: unknown, before: unknown): void => {
    if (now !== before) errors.push(invalidValue(field, now, 'field is immutable'))
  }
  if (isEstablished(old)) {
    fixed('spec.scope', specOf(object)['scope'], specOf(old)['scope'])
    fixed('spec.names.kind', namesOf(object)['kind'], namesOf(old)['kind'])
  }
  fixed('spec.group', specOf(object)['group'], specOf(old)['group'])
  fixed('spec.names.plural', namesOf(object)['plural'], namesOf(old)['plural'])
  const names = versionsOf(object).map((version) => version['name'])
  const status = object['status']
  const stored = isJsonObject(status) && Array.isArray(status['storedVersions']) ? status['storedVersions'] : []
  for (const [index, version] of stored.entries()) {
    if (!names.includes(version)) {
      errors.push(invalidValue(`status.storedVersions[${index}]`, version, 'must appear in spec.versions'))
    }
  }
  return errors
}

export function conditionsOf(object: ApiObject): JsonObject[] {
  const status = object['status']
  const conditions = isJsonObject(status) ? status['conditions'] : undefined
  return Array.isArray(conditions) ? conditions.filter(isJsonObject) : []
}

export function isEstablished(object: ApiObject): boolean {
  return conditionsOf(object).some(({ type, status }) => type === 'Established' && status === 'True')
}
