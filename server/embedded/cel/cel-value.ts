/** Equality of CEL values, for functions that compare entries of lists. */
export function celEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isNumber(left) && isNumber(right)) return typeof left !== typeof right && Number(left) === Number(right)
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime()
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((entry, index) => celEqual(entry, right[index]))
  }
  if (!isPlain(left) || !isPlain(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && celEqual(left[name], right[name]))
  )
}

function isNumber(value: unknown): boolean {
  return typeof value === 'bigint' || typeof value === 'number'
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/**
 * JSON without a schema as CEL sees it: whole numbers are `int`, others `double`. Fields are sorted, since the library
 * tells types of maps by their first field.
 */
export function dynamicValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(dynamicValue)
  if (typeof value !== 'object' || value === null) return value
  const result: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(value).sort()) {
    // Both are the same object's.
    const entry = (value as Record<string, unknown>)[name]
    if (entry !== undefined) result[name] = dynamicValue(entry)
  }
  return result
}
