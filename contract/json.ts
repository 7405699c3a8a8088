/** What JSON can say, and how one tells its parts apart. */
export type JsonObject = { [field: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object in a field; an empty one where there is none. */
export function part(object: JsonObject | undefined, field: string): JsonObject {
  const value = object?.[field]
  return isJsonObject(value) ? value : {}
}

/** The objects in a list; what else is in it is left out. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

/** Deep equality of JSON values; the order of fields does not count, a field that is `undefined` is none. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((entry, index) => jsonEqual(entry, right[index]))
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false
  const leftKeys = Object.keys(left).filter((key) => left[key] !== undefined)
  const rightKeys = Object.keys(right).filter((key) => right[key] !== undefined)
  return (
    leftKeys.length === rightKeys.length &&
    leftKeys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
  )
}
