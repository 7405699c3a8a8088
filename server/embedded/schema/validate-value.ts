import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { type FieldError, requiredValue } from '../errors/status-error'
import type { SchemaNode } from './schema-node'
import { type Checks, typeError } from './value-checks'

/** Where a value is, and what was there before; `old` is undefined when there is nothing to compare with. */
export interface Place {
  path: string
  old: unknown
}

/** More errors than anyone reads: checking ends. */
const errorLimit = 100

/**
 * Checks values against a schema, with the paths and words of kube-openapi. What an update leaves as it was is not
 * held against it, as in Kubernetes since 1.30 ("ratcheting").
 */
export class ValueValidator {
  readonly errors: FieldError[] = []

  check(node: SchemaNode, value: unknown, place: Place): void {
    const before = this.errors.length
    if (before >= errorLimit) return
    this.#value(node, value, place)
    if (this.errors.length > before && place.old !== undefined && jsonEqual(value, place.old)) {
      this.errors.length = before
    }
  }

  #value(node: SchemaNode, value: unknown, place: Place): void {
    if (value === null && (node.nullable || (node.types.length === 0 && !hasJunctors(node)))) return
    if (!this.#type(node, value, place.path)) return
    if (node.enum !== undefined && !node.enum.some((allowed) => jsonEqual(allowed, value))) {
      this.errors.push(unsupported(place.path, value, node.enum))
    }
    if (node.checks) this.#checks(node.checks, value, place.path)
    if (hasJunctors(node)) this.#junctors(node, value, place)
    if (Array.isArray(value)) this.#list(node, value, place)
    else if (isJsonObject(value)) this.#object(node, value, place)
  }

  /** Whether the value has the type that the schema wants. */
  #type({ types }: SchemaNode, value: unknown, path: string): boolean {
    if (types.length === 0) return true
    const found = typeOf(value)
    if (types.includes(found) || (found === 'integer' && types.includes('number'))) return true
    this.errors.push(typeError(path, { wanted: types.join(','), found }))
    return false
  }

  #checks(checks: Checks, value: unknown, path: string): void {
    if (typeof value === 'string') this.#each(checks.strings, value, path)
    else if (typeof value === 'number') this.#each(checks.numbers, value, path)
    else if (Array.isArray(value)) this.#each(checks.lists, value, path)
    else if (isJsonObject(value)) this.#each(checks.objects, value, path)
  }

  #each<T>(checks: readonly ((value: T, path: string) => FieldError | undefined)[], value: T, path: string): void {
    for (const check of checks) {
      const error = check(value, path)
      if (error) this.errors.push(error)
    }
  }

  #list({ items, listType, listKeys }: SchemaNode, value: readonly unknown[], { path, old }: Place): void {
    if (!items) return
    const before = listType === 'map' && Array.isArray(old) ? byKeys(old, listKeys) : undefined
    for (const [index, entry] of value.entries()) {
      this.check(items, entry, { path: `${path}[${index}]`, old: before?.get(keyOf(entry, listKeys)) })
    }
  }

  #object(node: SchemaNode, value: JsonObject, { path, old }: Place): void {
    const prefix = path === '' ? '' : `${path}.`
    const before = isJsonObject(old) && !node.atomicMap ? old : undefined
    for (const name of node.required) {
      if (ownValue(value, name) === undefined) this.errors.push(requiredValue(prefix + name))
    }
    for (const name in value) {
      const child = node.properties.get(name) ?? node.additional
      if (child && value[name] !== undefined) {
        this.check(child, value[name], { path: prefix + name, old: before && ownValue(before, name) })
      }
    }
  }

  #junctors(node: SchemaNode, value: unknown, place: Place): void {
    const { path } = place
    this.#allOf(node, value, place)
    if (node.anyOf.length > 0) {
      const results = node.anyOf.map((part) => errorsOf(part, value, path))
      if (results.every((errors) => errors.length > 0)) {
        this.errors.push(...fewest(results), composite(path, 'must validate at least one schema (anyOf)'))
      }
    }
    if (node.oneOf.length > 0) this.#oneOf(node, value, path)
    if (node.not && errorsOf(node.not, value, path).length === 0) {
      this.errors.push(composite(path, 'must not validate the schema (not)'))
    }
  }

  #allOf(node: SchemaNode, value: unknown, { path }: Place): void {
    const failed = node.allOf.map((part) => errorsOf(part, value, path)).filter((errors) => errors.length > 0)
    if (failed.length === 0) return
    const none = failed.length === node.allOf.length ? '. None validated' : ''
    this.errors.push(...failed.flat(), composite(path, `must validate all the schemas (allOf)${none}`))
  }

  #oneOf(node: SchemaNode, value: unknown, path: string): void {
    const results = node.oneOf.map((part) => errorsOf(part, value, path))
    const valid = results.filter((errors) => errors.length === 0).length
    if (valid === 1) return
    const found = valid === 0 ? 'none valid' : `${valid} valid alternatives`
    if (valid === 0) this.errors.push(...fewest(results))
    this.errors.push(composite(path, `must validate one and only one schema (oneOf). Found ${found}`))
  }
}

function hasJunctors({ allOf, anyOf, oneOf, not }: SchemaNode): boolean {
  return allOf.length > 0 || anyOf.length > 0 || oneOf.length > 0 || not !== undefined
}

function errorsOf(node: SchemaNode, value: unknown, path: string): FieldError[] {
  const validator = new ValueValidator()
  validator.check(node, value, { path, old: undefined })
  return validator.errors
}

function fewest(results: readonly FieldError[][]): FieldError[] {
  return results.reduce((least, errors) => (errors.length < least.length ? errors : least))
}

/** Errors about several schemas at once name their place in the text alone, as in Kubernetes. */
function composite(path: string, words: string): FieldError {
  return { reason: 'FieldValueInvalid', field: '<nil>', detail: `Invalid value: "": ${JSON.stringify(path)} ${words}` }
}

function unsupported(path: string, value: unknown, allowed: readonly unknown[]): FieldError {
  const names = allowed.map((entry) => JSON.stringify(typeof entry === 'string' ? entry : JSON.stringify(entry)))
  return {
    reason: 'FieldValueNotSupported',
    field: path === '' ? '<nil>' : path,
    detail: `Unsupported value: ${JSON.stringify(value)}: supported values: ${names.join(', ')}`,
  }
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

export function ownValue(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** What tells the entries of a list of type map apart. */
export function keyOf(entry: unknown, keys: readonly string[]): string {
  if (!isJsonObject(entry)) return ''
  if (keys.length === 1) return JSON.stringify(entry[keys[0] ?? '']) ?? ''
  return JSON.stringify(keys.map((key) => entry[key]))
}

/** The entries of a list of type map by their keys. */
export function byKeys(list: readonly unknown[], keys: readonly string[]): Map<string, unknown> {
  return new Map(list.map((entry) => [keyOf(entry, keys), entry]))
}
