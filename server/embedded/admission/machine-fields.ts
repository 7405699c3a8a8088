import { isJsonObject, type JsonObject } from '@/contract/json'
import { valueAt } from '@/contract/json-fields'

export { childOf, numberAt, objectAt, objectsAt, textAt, valueAt } from '@/contract/json-fields'

export function textsAt(object: unknown, ...path: readonly string[]): string[] {
  const value = valueAt(object, ...path)
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
}

/** Whether a feature is there and not switched off: it need not say that it is on. */
export function isSwitchedOn(feature: unknown): boolean {
  return isJsonObject(feature) && feature['enabled'] !== false
}

/** Which of the fields are set. */
export function fieldsSet(object: JsonObject, names: readonly string[]): string[] {
  return names.filter((name) => object[name] !== undefined && object[name] !== null)
}
