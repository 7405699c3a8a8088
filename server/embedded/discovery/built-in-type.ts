import { isJsonObject, type JsonObject } from '@/contract/json'

/**
 * Reads objects of a built-in kind as Kubernetes' own types would: what they do not know is dropped, null is the same as
 * absent, and a value of a wrong type is an error in the words of Go's JSON decoder.
 */
export class BuiltInType {
  readonly #schema: JsonObject
  readonly #nameOf: (schema: JsonObject) => string | undefined

  /** `nameOf` says by which name Kubernetes knows a structure: `io.k8s.api.core.v1.PodSpec`. */
  constructor(schema: JsonObject, nameOf: (schema: JsonObject) => string | undefined) {
    this.#schema = schema
    this.#nameOf = nameOf
  }

  /** Removes unknown fields and nulls, changing the object, and names the unknown ones in `unknown`. */
  prune(object: object, unknown?: string[]): void {
    pruneValue(this.#schema, object, '', unknown)
  }

  /** What is wrong with the types of an object's values, the first of it; undefined when nothing is. */
  typeError(object: unknown): string | undefined {
    return this.#check(this.#schema, object, { path: [], structure: this.#shortName(this.#schema) ?? '' })
  }

  #check(schema: JsonObject, value: unknown, at: Place): string | undefined {
    if (value === null || value === undefined) return undefined
    if (isQuantity(schema)) return quantityError(value, at)
    if (schema['x-kubernetes-int-or-string'] === true) {
      return typeof value === 'string' || Number.isInteger(value)
        ? undefined
        : mismatch(value, 'intstr.IntOrString', at)
    }
    switch (schema['type']) {
      case 'object':
        return isJsonObject(value) ? this.#checkFields(schema, value, at) : mismatch(value, this.#goType(schema), at)
      case 'array':
        return Array.isArray(value) ? this.#checkItems(schema, value, at) : mismatch(value, this.#goType(schema), at)
      default:
        return scalarError(schema, value, at)
    }
  }

  #checkFields(schema: JsonObject, value: JsonObject, at: Place): string | undefined {
    const { properties, additionalProperties } = schema
    const structure = this.#shortName(schema) ?? at.structure
    for (const [name, child] of Object.entries(value)) {
      const known = isJsonObject(properties) ? properties[name] : undefined
      const error = isJsonObject(known)
        ? this.#check(known, child, { path: [...at.path, name], structure })
        : isJsonObject(additionalProperties)
          ? this.#check(additionalProperties, child, at)
          : undefined
      if (error !== undefined) return error
    }
    return undefined
  }

  #checkItems(schema: JsonObject, value: unknown[], at: Place): string | undefined {
    const { items } = schema
    if (!isJsonObject(items)) return undefined
    for (const entry of value) {
      const error = this.#check(items, entry, at)
      if (error !== undefined) return error
    }
    return undefined
  }

  #shortName(schema: JsonObject): string | undefined {
    return this.#nameOf(schema)?.split('.').at(-1)
  }

  #goType(schema: JsonObject | undefined): string {
    if (schema === undefined) return 'interface {}'
    const name = this.#nameOf(schema)
    if (name !== undefined) return name.split('.').slice(-2).join('.')
    const { type, items, additionalProperties } = schema
    if (type === 'array') return `[]${this.#goType(isJsonObject(items) ? items : undefined)}`
    if (type === 'object') {
      return `map[string]${this.#goType(isJsonObject(additionalProperties) ? additionalProperties : undefined)}`
    }
    return isQuantity(schema) ? 'resource.Quantity' : scalarType(schema)
  }
}

interface Place {
  /** Names of fields, without indices and keys of maps. */
  path: readonly string[]
  /** The innermost structure. */
  structure: string
}

/** Without `unknown` nobody reads the paths, and none are made. */
function pruneValue(schema: JsonObject, value: unknown, path: string, unknown: string[] | undefined): void {
  if (Array.isArray(value)) {
    const { items } = schema
    if (!isJsonObject(items)) return
    for (const [index, entry] of value.entries()) {
      pruneValue(items, entry, unknown ? `${path}[${index}]` : '', unknown)
    }
  } else if (isJsonObject(value)) pruneFields(schema, value, path, unknown)
}

function pruneFields(schema: JsonObject, value: JsonObject, path: string, unknown: string[] | undefined): void {
  const { properties, additionalProperties } = schema
  if (!isJsonObject(properties) && !isJsonObject(additionalProperties)) return
  for (const [name, child] of Object.entries(value)) {
    const place = unknown && path !== '' ? `${path}.${name}` : name
    const known = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    if (!isJsonObject(known)) {
      delete value[name]
      unknown?.push(place)
    } else if (child === null && isJsonObject(properties)) delete value[name]
    else if (typeof child === 'object') pruneValue(known, child, place, unknown)
  }
}

function isQuantity(schema: JsonObject): boolean {
  return Array.isArray(schema['anyOf'])
}

const quantity = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/

function quantityError(value: unknown, at: Place): string | undefined {
  if (typeof value === 'number') return undefined
  if (typeof value !== 'string') return mismatch(value, 'resource.Quantity', at)
  if (quantity.test(value)) return undefined
  return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
}

const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

function scalarError(schema: JsonObject, value: unknown, at: Place): string | undefined {
  const type = scalarType(schema)
  switch (schema['type']) {
    case 'string':
      if (typeof value !== 'string') return mismatch(value, type, at)
      if (schema['format'] === 'byte') return isBase64(value) ? undefined : base64Error(value)
      if (schema['format'] === 'date-time' && !time.test(value)) return timeError(value)
      return undefined
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(value, type, at)
    case 'integer':
      return Number.isInteger(value) ? undefined : mismatch(value, type, at)
    case 'number':
      return typeof value === 'number' ? undefined : mismatch(value, type, at)
    default:
      return undefined
  }
}

function scalarType({ type, format }: JsonObject): string {
  if (format === 'byte') return '[]uint8'
  if (type === 'boolean') return 'bool'
  if (type === 'integer') return format === 'int32' || format === 'int64' ? format : 'int'
  if (type === 'number') return 'float64'
  return 'string'
}

function isBase64(value: string): boolean {
  return /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(value) && value.replaceAll(/[\r\n]/g, '').length % 4 === 0
}

function base64Error(value: string): string {
  const wrong = /[^A-Za-z0-9+/\r\n]/.exec(value)?.index ?? value.length
  return `illegal base64 data at input byte ${wrong}`
}

function timeError(value: string): string {
  const text = JSON.stringify(value)
  return `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`
}

function mismatch(value: unknown, type: string, { path, structure }: Place): string {
  const got = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const literal = typeof value === 'number' && /^(int|uint|float)/.test(type) ? `number ${value}` : got
  const where = path.length === 0 ? 'Go value' : `Go struct field ${structure}.${path.join('.')}`
  return `json: cannot unmarshal ${literal} into ${where} of type ${type}`
}
