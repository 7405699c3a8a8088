import type { JsonObject } from '@/contract/json'
import { jsonEqual } from '@/contract/json'
import { compilePattern, PatternTimeout } from '../cel/regular-expression'
import type { FieldError } from '../errors/status-error'
import { formatCheck } from './formats'

/** Checks one value; undefined when nothing is wrong. */
type Check<T> = (value: T, path: string) => FieldError | undefined

/** The value validations of one schema node, by the type of value they are about. */
export interface Checks {
  strings: readonly Check<string>[]
  numbers: readonly Check<number>[]
  lists: readonly Check<readonly unknown[]>[]
  objects: readonly Check<JsonObject>[]
}

/** `Invalid value` in kube-openapi's words. A value at the root has no name there. */
export function bodyError(path: string, value: unknown, words: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    field: path === '' ? '<nil>' : path,
    detail: `Invalid value: ${JSON.stringify(value)}: ${path} in body ${words}`,
  }
}

/** A value of the wrong type, or text that is not in the format asked for. */
export function typeError(path: string, { wanted, found }: { wanted: string; found: string }): FieldError {
  const quoted = JSON.stringify(found)
  return {
    reason: 'FieldValueTypeInvalid',
    field: path === '' ? '<nil>' : path,
    detail: `Invalid value: ${quoted}: ${path} in body must be of type ${wanted}: ${quoted}`,
  }
}

function tooMany(path: string, actual: number, most: number): FieldError {
  return {
    reason: 'FieldValueTooMany',
    field: path,
    detail: `Too many: ${actual}: must have at most ${most} item${most === 1 ? '' : 's'}`,
  }
}

/** Reads the value validations of a schema; undefined when it has none. */
export function readChecks(schema: JsonObject): Checks | undefined {
  const checks: Checks = {
    strings: stringChecks(schema),
    numbers: numberChecks(schema),
    lists: listChecks(schema),
    objects: objectChecks(schema),
  }
  return Object.values(checks).some((list) => list.length > 0) ? checks : undefined
}

/** Characters as Go counts them: code points. */
function lengthOf(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length - 1; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0xd800 && code <= 0xdbff) {
      length--
      index++
    }
  }
  return length
}

function stringChecks(schema: JsonObject): Check<string>[] {
  const { minLength, maxLength, pattern, format } = schema
  const checks: Check<string>[] = []
  if (typeof maxLength === 'number') {
    checks.push((value, field) =>
      lengthOf(value) > maxLength
        ? {
            reason: 'FieldValueTooLong',
            field,
            detail: `Too long: may not be more than ${maxLength} byte${maxLength === 1 ? '' : 's'}`,
          }
        : undefined,
    )
  }
  if (typeof minLength === 'number') {
    checks.push((value, path) =>
      lengthOf(value) < minLength ? bodyError(path, value, `should be at least ${minLength} chars long`) : undefined,
    )
  }
  if (typeof pattern === 'string' && pattern !== '') checks.push(patternCheck(pattern))
  const isFormat = typeof format === 'string' ? formatCheck(format) : undefined
  if (isFormat && typeof format === 'string') {
    checks.push((value, path) => (isFormat(value) ? undefined : typeError(path, { wanted: format, found: value })))
  }
  return checks
}

/** A pattern that is no regular expression is refused with its definition, so there is nothing to check here. */
function patternCheck(source: string): Check<string> {
  let pattern: ReturnType<typeof compilePattern> | undefined
  try {
    pattern = compilePattern(source)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return (value, path) => {
    try {
      if (pattern === undefined || pattern.test(value)) return undefined
    } catch (error) {
      if (!(error instanceof PatternTimeout)) throw error
    }
    return bodyError(path, value, `should match '${source}'`)
  }
}

const integerLimits: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  int64: [-9223372036854775808, 9223372036854775807],
}

function numberChecks(schema: JsonObject): Check<number>[] {
  const { minimum, maximum, multipleOf, format } = schema
  const checks: Check<number>[] = []
  const limits = typeof format === 'string' ? integerLimits[format] : undefined
  if (limits && typeof format === 'string' && schema['type'] !== 'string') {
    checks.push((value, path) =>
      value < limits[0] || value > limits[1]
        ? bodyError(path, value, `must be of type ${String(schema['type'])} with format ${format}`)
        : undefined,
    )
  }
  if (typeof maximum === 'number') {
    const exclusive = schema['exclusiveMaximum'] === true
    checks.push((value, path) =>
      value > maximum || (exclusive && value === maximum)
        ? bodyError(path, value, `should be less than ${exclusive ? '' : 'or equal to '}${maximum}`)
        : undefined,
    )
  }
  if (typeof minimum === 'number') {
    const exclusive = schema['exclusiveMinimum'] === true
    checks.push((value, path) =>
      value < minimum || (exclusive && value === minimum)
        ? bodyError(path, value, `should be greater than ${exclusive ? '' : 'or equal to '}${minimum}`)
        : undefined,
    )
  }
  if (typeof multipleOf === 'number' && multipleOf > 0) {
    checks.push((value, path) => {
      const quotient = value / multipleOf
      return Math.abs(quotient - Math.round(quotient)) > 1e-9
        ? bodyError(path, value, `should be a multiple of ${multipleOf}`)
        : undefined
    })
  }
  return checks
}

function listChecks(schema: JsonObject): Check<readonly unknown[]>[] {
  const { minItems, maxItems } = schema
  const checks: Check<readonly unknown[]>[] = []
  if (typeof maxItems === 'number') {
    checks.push((value, path) => (value.length > maxItems ? tooMany(path, value.length, maxItems) : undefined))
  }
  if (typeof minItems === 'number') {
    checks.push((value, path) =>
      value.length < minItems ? bodyError(path, value.length, `should have at least ${minItems} items`) : undefined,
    )
  }
  if (schema['uniqueItems'] === true) {
    checks.push((value, path) =>
      duplicates(value).length === 0 ? undefined : bodyError(path, value, `shouldn't contain duplicates`),
    )
  }
  return checks
}

/** The positions of entries that equal an earlier one. */
export function duplicates(values: readonly unknown[]): number[] {
  const seen = new Map<string, unknown[]>()
  return [...values.keys()].filter((index) => {
    const value = values[index]
    const key = coarseKey(value)
    const alike = seen.get(key)
    if (!alike) {
      seen.set(key, [value])
      return false
    }
    if (alike.some((other) => jsonEqual(other, value))) return true
    alike.push(value)
    return false
  })
}

/** Equal values have equal keys, and few others do; fields count in any order. */
function coarseKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(coarseKey).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  return `{${Object.entries(value)
    .map(([key, entry]) => `${JSON.stringify(key)}:${coarseKey(entry)}`)
    .sort()
    .join()}}`
}

function objectChecks(schema: JsonObject): Check<JsonObject>[] {
  const { minProperties, maxProperties } = schema
  const checks: Check<JsonObject>[] = []
  if (typeof maxProperties === 'number') {
    checks.push((value, path) => {
      const count = Object.keys(value).length
      return count > maxProperties ? tooMany(path, count, maxProperties) : undefined
    })
  }
  if (typeof minProperties === 'number') {
    checks.push((value, path) => {
      const count = Object.keys(value).length
      return count < minProperties
        ? bodyError(path, value, `should have at least ${minProperties} properties`)
        : undefined
    })
  }
  return checks
}
