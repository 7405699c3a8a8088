import type { JsonObject } from '@/contract/json'
import { isJsonObject } from '@/contract/json'
import { type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
import { objectAt, objectsAt, textAt, textsAt } from './machine-fields'
import { labelValueProblems, qualifiedNameProblems } from './machine-names'

export function checkLabelName(at: string, key: string, errors: FieldError[]): void {
  for (const problem of qualifiedNameProblems(key)) errors.push(invalidValue(at, key, problem))
}

/** A label selector, by Kubernetes' rules. */
export function checkLabelSelector(at: string, selector: JsonObject | undefined, errors: FieldError[]): void {
  for (const [key, value] of Object.entries(objectAt(selector, 'matchLabels') ?? {})) {
    checkLabelName(`${at}.matchLabels`, key, errors)
    for (const problem of labelValueProblems(String(value))) {
      errors.push(invalidValue(`${at}.matchLabels`, value, problem))
    }
  }
  for (const [index, requirement] of objectsAt(selector, 'matchExpressions').entries()) {
    checkRequirement(`${at}.matchExpressions[${index}]`, requirement, errors)
  }
}

function checkRequirement(at: string, requirement: JsonObject, errors: FieldError[]): void {
  const operator = textAt(requirement, 'operator')
  const values = textsAt(requirement, 'values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(requiredValue(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push(forbiddenValue(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    }
  } else errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'))
  checkLabelName(`${at}.key`, textAt(requirement, 'key'), errors)
  for (const [index, value] of values.entries()) {
    for (const problem of labelValueProblems(value)) {
      errors.push(invalidValue(`${at}.values[${index}]`, value, problem))
    }
  }
}

/** Whether a label selector takes these labels; an absent one takes none, an empty one all. */
export function selectorMatches(selector: JsonObject | undefined, labels: JsonObject): boolean {
  if (!selector) return false
  const equal = Object.entries(objectAt(selector, 'matchLabels') ?? {}).every(([key, value]) => labels[key] === value)
  return (
    equal &&
    objectsAt(selector, 'matchExpressions').every((requirement) => {
      const key = textAt(requirement, 'key')
      const isIn = textsAt(requirement, 'values').includes(String(labels[key]))
      switch (textAt(requirement, 'operator')) {
        case 'In':
          return Object.hasOwn(labels, key) && isIn
        case 'NotIn':
          return !Object.hasOwn(labels, key) || !isIn
        case 'Exists':
          return Object.hasOwn(labels, key)
        default:
          return !Object.hasOwn(labels, key)
      }
    })
  )
}

/** The labels of an object's metadata. */
export function labelsOf(metadata: unknown): JsonObject {
  const labels = isJsonObject(metadata) ? metadata['labels'] : undefined
  return isJsonObject(labels) ? labels : {}
}
