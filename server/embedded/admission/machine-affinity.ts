import type { JsonObject } from '@/contract/json'
import { type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
import type { MachineRule } from './machine-check'
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from './machine-fields'
import { dnsLabelProblems, dnsSubdomainProblems } from './machine-names'
import { checkLabelName, checkLabelSelector } from './machine-selectors'

/** Where a machine may run, by the rules for pods; KubeVirt leaves `affinity` out of the paths. */
export const checkAffinity: MachineRule = ({ field, spec, causes }) => {
  const errors: FieldError[] = []
  const node = objectAt(spec, 'affinity', 'nodeAffinity')
  if (node) checkNodeAffinity(`${field}.nodeAffinity`, node, errors)
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = objectAt(spec, 'affinity', kind)
    if (affinity) checkPodAffinity(`${field}.${kind}`, affinity, errors)
  }
  for (const error of errors) causes.invalid(error.field, `${error.field}: ${error.detail}`)
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function checkNodeAffinity(at: string, affinity: JsonObject, errors: FieldError[]): void {
  const selector = objectAt(affinity, required)
  const terms = objectsAt(selector, 'nodeSelectorTerms')
  const field = `${at}.${required}.nodeSelectorTerms`
  if (selector && terms.length === 0) {
    errors.push(requiredValue(field, 'must have at least one node selector term'))
  }
  for (const [index, term] of terms.entries()) checkNodeTerm(`${field}[${index}]`, term, errors)
  for (const [index, term] of objectsAt(affinity, preferred).entries()) {
    checkWeight(`${at}.${preferred}[${index}].weight`, term, errors)
    checkNodeTerm(`${at}.${preferred}[${index}].preference`, objectAt(term, 'preference') ?? {}, errors)
  }
}

function checkWeight(at: string, term: JsonObject, errors: FieldError[]): void {
  const weight = numberAt(term, 'weight') ?? 0
  if (weight <= 0 || weight > 100) errors.push(invalidValue(at, weight, 'must be in the range 1-100'))
}

function checkNodeTerm(at: string, term: JsonObject, errors: FieldError[]): void {
  for (const [index, requirement] of objectsAt(term, 'matchExpressions').entries()) {
    checkNodeRequirement(`${at}.matchExpressions[${index}]`, requirement, errors)
  }
  for (const [index, requirement] of objectsAt(term, 'matchFields').entries()) {
    checkNodeField(`${at}.matchFields[${index}]`, requirement, errors)
  }
}

function checkNodeRequirement(at: string, requirement: JsonObject, errors: FieldError[]): void {
  const operator = textAt(requirement, 'operator')
  const count = textsAt(requirement, 'values').length
  const values = `${at}.values`
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) errors.push(requiredValue(values, "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0) {
        errors.push(forbiddenValue(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      }
      break
    case 'Gt':
    case 'Lt':
      if (count !== 1) {
        errors.push(requiredValue(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      }
      break
    default:
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'))
  }
  checkLabelName(`${at}.key`, textAt(requirement, 'key'), errors)
}

function checkNodeField(at: string, requirement: JsonObject, errors: FieldError[]): void {
  const operator = textAt(requirement, 'operator')
  const values = textsAt(requirement, 'values')
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(requiredValue(`${at}.values`, why))
  }
  const key = textAt(requirement, 'key')
  if (key !== 'metadata.name') {
    errors.push(invalidValue(`${at}.key`, key, 'not a valid field selector key'))
    return
  }
  for (const [index, value] of values.entries()) {
    for (const problem of dnsSubdomainProblems(value)) {
      errors.push(invalidValue(`${at}.values[${index}]`, value, problem))
    }
  }
}

function checkPodAffinity(at: string, affinity: JsonObject, errors: FieldError[]): void {
  for (const [index, term] of objectsAt(affinity, required).entries()) {
    checkPodTerm(`${at}.${required}[${index}]`, term, errors)
  }
  for (const [index, term] of objectsAt(affinity, preferred).entries()) {
    checkWeight(`${at}.${preferred}[${index}].weight`, term, errors)
    checkPodTerm(`${at}.${preferred}[${index}].podAffinityTerm`, objectAt(term, 'podAffinityTerm') ?? {}, errors)
  }
}

function checkPodTerm(at: string, term: JsonObject, errors: FieldError[]): void {
  checkLabelSelector(`${at}.labelSelector`, objectAt(term, 'labelSelector'), errors)
  checkLabelSelector(`${at}.namespaceSelector`, objectAt(term, 'namespaceSelector'), errors)
  for (const name of textsAt(term, 'namespaces')) {
    for (const problem of dnsLabelProblems(name)) errors.push(invalidValue(`${at}.namespace`, name, problem))
  }
  const key = textAt(term, 'topologyKey')
  if (key === '') errors.push(requiredValue(`${at}.topologyKey`, 'can not be empty'))
  checkLabelName(`${at}.topologyKey`, key, errors)
}

const actions = ['DoNotSchedule', 'ScheduleAnyway']

/** How machines are spread, by the rules for pods. */
export const checkTopologySpread: MachineRule = ({ field, spec, causes }) => {
  const list = `${field}.topologySpreadConstraints`
  const constraints = objectsAt(spec, 'topologySpreadConstraints')
  const errors: FieldError[] = []
  for (const [index, constraint] of constraints.entries()) {
    const at = `${list}[${index}]`
    const skew = numberAt(constraint, 'maxSkew') ?? 0
    const key = textAt(constraint, 'topologyKey')
    const action = textAt(constraint, 'whenUnsatisfiable')
    if (skew <= 0) errors.push(invalidValue(`${at}.maxSkew`, skew, 'must be greater than zero'))
    if (key === '') errors.push(requiredValue(`${at}.topologyKey`, 'can not be empty'))
    else checkLabelName(`${at}.topologyKey`, key, errors)
    if (!actions.includes(action)) {
      const known = actions.map((name) => JSON.stringify(name)).join(', ')
      const detail = `Unsupported value: ${JSON.stringify(action)}: supported values: ${known}`
      errors.push({ reason: 'FieldValueNotSupported', field: `${at}.whenUnsatisfiable`, detail })
    }
    checkLabelSelector(`${list}.labelSelector`, objectAt(constraint, 'labelSelector'), errors)
    const same = (other: JsonObject) =>
      valueAt(other, 'topologyKey') === key && valueAt(other, 'whenUnsatisfiable') === action
    if (!constraints.slice(index + 1).some(same)) continue
    const detail = `Duplicate value: "{${key}, ${action}}"`
    errors.push({ reason: 'FieldValueDuplicate', field: `${at}.{topologyKey, whenUnsatisfiable}`, detail })
  }
  for (const error of errors) causes.invalid(error.field, `${error.field}: ${error.detail}`)
}
