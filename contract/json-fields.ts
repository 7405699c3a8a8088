import { isJsonObject, type JsonObject, objectsOf } from './json'

/** What stands at a path; undefined where there is nothing, or `null`, on the way or at its end. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object
  for (const step of path) {
    if (!isJsonObject(value)) return undefined
    value = value[step]
  }
  return value ?? undefined
}

export function objectAt(object: unknown, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(object, ...path)
  return isJsonObject(value) ? value : undefined
}

export function objectsAt(object: unknown, ...path: readonly string[]): JsonObject[] {
  return objectsOf(valueAt(object, ...path))
}

/** '' where there is no text. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path)
  return typeof value === 'string' ? value : ''
}

export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path)
  return typeof value === 'number' ? value : undefined
}

/** The object in a field, made when there is none. */
export function childOf(object: JsonObject, field: string): JsonObject {
  const value = object[field]
  if (isJsonObject(value)) return value
  const made: JsonObject = {}
  object[field] = made
  return made
}
