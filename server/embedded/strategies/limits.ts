import { type CanonicalQuantity, formatCanonical, readCanonicalQuantity } from '@/contract/canonical-quantity'
import { isJsonObject, type JsonObject, jsonEqual, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { duplicateValue, type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
import { canonicalList, completeLimitRange } from '../quota/resource-lists'
import { scopesOf } from '../quota/scopes'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** ResourceQuotas, LimitRanges and PriorityClasses. */

const computeNames = ['cpu', 'memory', 'ephemeral-storage']
const quotaNames = new Set([
  ...computeNames,
  ...computeNames.map((name) => `requests.${name}`),
  ...computeNames.map((name) => `limits.${name}`),
  'requests.storage',
  'pods',
  'resourcequotas',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
])
const wholeNames = new Set(['pods', 'resourcequotas', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims'])

function nameErrors(name: string, field: string): FieldError[] {
  if (!/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name)) {
    return [
      invalidValue(
        field,
        name,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ),
    ]
  }
  if (name.includes('/') || /^(requests\.|limits\.)?hugepages-/.test(name) || quotaNames.has(name)) return []
  return [
    invalidValue(field, name, 'must be a standard resource type or fully qualified'),
    invalidValue(field, name, 'must be a standard resource for quotas'),
  ]
}

function quantityErrors(name: string, value: unknown, field: string): FieldError[] {
  const quantity = readCanonicalQuantity(value)
  if (!quantity) return [notAQuantity(field, value)]
  if (quantity.nano < 0n) return [invalidValue(field, formatCanonical(quantity), 'must be greater than or equal to 0')]
  const whole = wholeNames.has(name) || name.startsWith('count/')
  return whole && quantity.nano % 1_000_000_000n !== 0n
    ? [invalidValue(field, formatCanonical(quantity), 'must be an integer')]
    : []
}

function notAQuantity(field: string, value: unknown): FieldError {
  return invalidValue(
    field,
    value,
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  )
}

const scopeNames = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
]
const valueOperators = new Set(['In', 'NotIn'])

function scopeErrors(spec: JsonObject): FieldError[] {
  const scopes = scopesOf(spec)
  const names = scopes.map(({ scopeName }) => scopeName)
  const errors: FieldError[] = []
  for (const [index, { scopeName, operator, values }] of scopes.entries()) {
    const field = spec['scopes'] === undefined ? `spec.scopeSelector.matchExpressions[${index}]` : 'spec.scopes'
    if (!scopeNames.includes(scopeName)) errors.push(invalidValue(field, scopeName, 'unsupported scope'))
    if (valueOperators.has(operator) && values.length === 0) {
      errors.push(
        requiredValue(
          `${field}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
    }
  }
  const contradictory = [
    ['Terminating', 'NotTerminating'],
    ['BestEffort', 'NotBestEffort'],
  ].some((pair) => pair.every((name) => names.includes(name)))
  if (contradictory) errors.push(invalidValue('spec.scopes', names, 'conflicting scopes'))
  return errors
}

function quotaErrors(object: ApiObject): FieldError[] {
  const spec = part(object, 'spec')
  const { hard } = spec
  if (hard !== undefined && hard !== null && !isJsonObject(hard)) {
    return [invalidValue('spec.hard', hard, 'must be a map of quantities')]
  }
  const entries = Object.entries(part(spec, 'hard'))
  return [
    ...entries.flatMap(([name, value]) => {
      const field = `spec.hard[${name}]`
      return [...nameErrors(name, field), ...quantityErrors(name, value, field)]
    }),
    ...scopeErrors(spec),
  ]
}

function canonicalQuota(object: ApiObject): void {
  const spec = object['spec']
  if (isJsonObject(spec))
    object['spec'] = { ...spec, ...(spec['hard'] === undefined ? {} : { hard: canonicalList(spec['hard']) }) }
}

export const resourceQuotaStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate(object) {
    canonicalQuota(object)
    object['status'] = {}
  },
  prepareForUpdate: canonicalQuota,
  validate: quotaErrors,
  validateUpdate: (object, old) =>
    ['scopes', 'scopeSelector']
      .filter((field) => !jsonEqual(part(object, 'spec')[field] ?? [], part(old, 'spec')[field] ?? []))
      .map((field) => invalidValue(`spec.${field}`, part(object, 'spec')[field], 'field is immutable')),
}

const listFields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']

function prepareRange(object: ApiObject): void {
  for (const item of objectsOf(part(object, 'spec')['limits'])) {
    for (const field of listFields) if (item[field] !== undefined) item[field] = canonicalList(item[field])
  }
  completeLimitRange(object)
}

function rangeErrors(object: ApiObject): FieldError[] {
  const types = new Set<unknown>()
  return objectsOf(part(object, 'spec')['limits']).flatMap((item, index) => {
    const field = `spec.limits[${index}]`
    const errors = itemErrors(item, field)
    if (types.has(item['type'])) {
      errors.push(duplicateValue(`${field}.type`, item['type']))
    }
    types.add(item['type'])
    return errors
  })
}

function itemErrors(item: JsonObject, field: string): FieldError[] {
  const { type } = item
  if (typeof type !== 'string' || type === '') return [requiredValue(`${field}.type`)]
  const errors: FieldError[] = []
  for (const list of listFields) {
    for (const [name, value] of Object.entries(part(item, list))) {
      if (!readCanonicalQuantity(value)) errors.push(notAQuantity(`${field}.${list}[${name}]`, value))
    }
  }
  if (errors.length > 0) return errors
  if (type === 'Pod') {
    for (const list of ['default', 'defaultRequest']) {
      if (item[list] === undefined) continue
      errors.push(forbiddenValue(`${field}.${list}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  const bounded = part(item, 'min')['storage'] !== undefined || part(item, 'max')['storage'] !== undefined
  if (type === 'PersistentVolumeClaim' && !bounded) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(requiredValue(`${field}.limits`, why))
  }
  return [...errors, ...orderErrors(item, field)]
}

/** Each pair: the first may not be above the second; and where the message points. */
const orders = [
  ['min', 'max', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min value', 'default value'],
  ['default', 'max', 'default', 'default value', 'max value'],
] as const

function orderErrors(item: JsonObject, field: string): FieldError[] {
  const read = (list: string, name: string): CanonicalQuantity | undefined =>
    readCanonicalQuantity(part(item, list)[name])
  const names = new Set(listFields.flatMap((list) => Object.keys(part(item, list))))
  return [...names].sort().flatMap((name) => {
    const errors = orders.flatMap(([low, high, at, lowWord, highWord]): FieldError[] => {
      const [lower, upper] = [read(low, name), read(high, name)]
      if (!lower || !upper || lower.nano <= upper.nano) return []
      const [text, other] = [formatCanonical(lower), formatCanonical(upper)]
      const shown = at === low ? text : other
      return [invalidValue(`${field}.${at}[${name}]`, shown, `${lowWord} ${text} is greater than ${highWord} ${other}`)]
    })
    const ratio = read('maxLimitRequestRatio', name)
    if (ratio && ratio.nano < 1_000_000_000n) {
      const text = formatCanonical(ratio)
      errors.push(invalidValue(`${field}.maxLimitRequestRatio[${name}]`, text, `ratio ${text} is less than 1`))
    }
    return errors
  })
}

export const limitRangeStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate: prepareRange,
  prepareForUpdate: prepareRange,
  validate: rangeErrors,
}

const highestUserPriority = 1_000_000_000
/** The classes every cluster has; no other may begin with `system-`. */
export const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

function priorityErrors(object: ApiObject): FieldError[] {
  const { name } = object.metadata
  const { value } = object
  if (typeof value !== 'number') return [requiredValue('value')]
  if (name?.startsWith('system-')) {
    if (systemPriorities[name] === value) return []
    const why =
      "priority class names with 'system-' prefix are reserved for system use only. error: " +
      (systemPriorities[name] === undefined
        ? `${name} is not a known system priority class`
        : `value of ${name} PriorityClass must be ${systemPriorities[name]}`)
    return [forbiddenValue('metadata.name', why)]
  }
  if (value <= highestUserPriority) return []
  const why = `maximum allowed value of a user defined priority is ${highestUserPriority}`
  return [forbiddenValue('value', why)]
}

export const priorityClassStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate(object) {
    object['preemptionPolicy'] ??= 'PreemptLowerPriority'
    object['value'] ??= 0
  },
  validate: priorityErrors,
  validateUpdate: (object, old) => [
    ...(object['value'] === old['value'] ? [] : [forbiddenValue('value', 'may not be changed in an update.')]),
    ...(object['preemptionPolicy'] === old['preemptionPolicy']
      ? []
      : [invalidValue('preemptionPolicy', object['preemptionPolicy'], 'field is immutable')]),
  ],
}
