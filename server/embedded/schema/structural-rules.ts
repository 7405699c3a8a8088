import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { compilePattern } from '../cel/regular-expression'
import { type FieldError, forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'

/** What makes a schema structural: every field has a type, and junctors only narrow what is said outside of them. */

type Level = 'root' | 'items' | 'field'

const emptyWords: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  items: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

const unsupported: Readonly<Record<string, string>> = {
  id: 'id is not supported',
  additionalItems: 'additionalItems is not supported',
  patternProperties: 'patternProperties is not supported',
  definitions: 'definitions is not supported',
  dependencies: 'dependencies is not supported',
  $ref: '$ref is not supported',
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** What Kubernetes says against a schema in a definition. `path` is the schema's own. */
export function structuralErrors(schema: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  new StructuralCheck(errors).structural(schema, 'root', path)
  return errors
}

class StructuralCheck {
  readonly #errors: FieldError[]

  constructor(errors: FieldError[]) {
    this.#errors = errors
  }

  structural(schema: JsonObject, level: Level, path: string): void {
    this.#forbidden(schema, path)
    this.#type(schema, level, path)
    this.#extensions(schema, path)
    this.#children(schema, level, path)
    this.#resource(schema, level, path)
    this.#junctors(schema, path)
    this.#errors.push(...missingBelow(schema, schema, { structural: path, nested: path }))
  }

  #forbidden(schema: JsonObject, path: string): void {
    for (const [field, words] of Object.entries(unsupported)) {
      if (schema[field] !== undefined) this.#errors.push(forbiddenValue(`${path}.${field}`, words))
    }
    if (schema['uniqueItems'] === true) {
      const words = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
      this.#errors.push(forbiddenValue(`${path}.uniqueItems`, words))
    }
    const { pattern } = schema
    if (typeof pattern === 'string' && pattern !== '') this.#errors.push(...patternErrors(pattern, path))
  }

  #type(schema: JsonObject, level: Level, path: string): void {
    const { type } = schema
    const field = `${path}.type`
    if (typeof type === 'string' && type !== '') {
      if (type === 'null') {
        this.#errors.push(forbiddenValue(field, 'type cannot be set to null, use nullable as an alternative'))
      } else if (!types.includes(type)) this.#errors.push(unsupportedValue(field, type, types))
      if (level === 'root' && type !== 'object')
        this.#errors.push(invalidValue(field, type, 'must be object at the root'))
      if (type === 'array' && !isJsonObject(schema['items'])) {
        this.#errors.push(
          Array.isArray(schema['items'])
            ? forbiddenValue(`${path}.items`, 'items must be a schema object and not an array')
            : requiredValue(`${path}.items`, 'must be specified'),
        )
      }
    } else if (!schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) {
      this.#errors.push(requiredValue(field, emptyWords[level]))
    }
  }

  #extensions(schema: JsonObject, path: string): void {
    const preserve = 'x-kubernetes-preserve-unknown-fields'
    if (schema[preserve] === false)
      this.#errors.push(invalidValue(`${path}.${preserve}`, false, 'must be true or undefined'))
    if (schema['x-kubernetes-int-or-string'] !== true) return
    const words = 'must be false if x-kubernetes-int-or-string is true'
    for (const field of [preserve, 'x-kubernetes-embedded-resource']) {
      if (schema[field] === true) this.#errors.push(invalidValue(`${path}.${field}`, true, words))
    }
  }

  #children(schema: JsonObject, level: Level, path: string): void {
    const { properties, additionalProperties, items } = schema
    if (isJsonObject(items)) this.structural(items, 'items', `${path}.items`)
    const named = isJsonObject(properties) ? Object.entries(properties) : []
    for (const [name, child] of named) {
      if (isJsonObject(child)) this.structural(child, 'field', `${path}.properties[${name}]`)
    }
    if (additionalProperties === undefined || additionalProperties === null) return
    const field = `${path}.additionalProperties`
    if (level === 'root') this.#errors.push(forbiddenValue(field, 'must not be used at the root'))
    if (named.length > 0 && additionalProperties !== true) {
      this.#errors.push(forbiddenValue(field, 'additionalProperties and properties are mutual exclusive'))
    }
    if (additionalProperties === false) {
      this.#errors.push(forbiddenValue(field, 'additionalProperties cannot be set to false'))
    }
    if (isJsonObject(additionalProperties)) this.structural(additionalProperties, 'field', field)
  }

  /** What a resource, at the root or embedded, has without being said. */
  #resource(schema: JsonObject, level: Level, path: string): void {
    const embedded = schema['x-kubernetes-embedded-resource'] === true
    if (embedded) this.#embedded(schema, path)
    if (level !== 'root' && !embedded) return
    const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
    for (const [name, wanted] of [
      ['kind', 'string'],
      ['apiVersion', 'string'],
      ['metadata', 'object'],
    ] as const) {
      const child = properties[name]
      if (!isJsonObject(child) || child['type'] === wanted) continue
      this.#errors.push(invalidValue(`${path}.properties[${name}].type`, child['type'] ?? '', `must be ${wanted}`))
    }
    const { metadata } = properties
    if (level === 'root' && isJsonObject(metadata) && !isBareMetadata(metadata)) {
      const words = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
      this.#errors.push(forbiddenValue(`${path}.properties[metadata]`, words))
    }
  }

  #embedded(schema: JsonObject, path: string): void {
    const { type } = schema
    const typeWords = 'must be object if x-kubernetes-embedded-resource is true'
    if (type === undefined || type === '') this.#errors.push(requiredValue(`${path}.type`, typeWords))
    else if (type !== 'object') this.#errors.push(invalidValue(`${path}.type`, type, typeWords))
    if (schema['additionalProperties'] !== undefined) {
      const words = 'must not be used if x-kubernetes-embedded-resource is set'
      this.#errors.push(forbiddenValue(`${path}.additionalProperties`, words))
    }
    const empty = !isJsonObject(schema['properties']) || Object.keys(schema['properties']).length === 0
    if (empty && schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      const words =
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
      this.#errors.push(requiredValue(`${path}.properties`, words))
    }
  }

  #junctors(schema: JsonObject, path: string): void {
    const typed = schema['x-kubernetes-int-or-string'] === true
    for (const [nested, at] of junctorsOf(schema, path)) {
      if (typed && isIntegerOrString(nested)) continue
      this.nested(nested, at)
    }
  }

  /** A schema inside a junctor: value validations alone. */
  nested(schema: JsonObject, path: string): void {
    for (const [field, words] of Object.entries(nestedForbidden)) {
      if (isSet(schema[field])) this.#errors.push(forbiddenValue(`${path}.${field}`, words))
    }
    const { pattern, items, properties } = schema
    if (typeof pattern === 'string' && pattern !== '') this.#errors.push(...patternErrors(pattern, path))
    if (isJsonObject(items)) this.nested(items, `${path}.items`)
    for (const [name, child] of isJsonObject(properties) ? Object.entries(properties) : []) {
      const at = `${path}.properties[${name}]`
      if (name === 'metadata') this.#errors.push(forbiddenValue(at, 'must not be specified in a nested context'))
      if (isJsonObject(child)) this.nested(child, at)
    }
    for (const [child, at] of junctorsOf(schema, path)) {
      if (!isIntegerOrString(child)) this.nested(child, at)
    }
  }
}

/** Whether a field says anything. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== '' && value !== false && value !== null
}

const nestedForbidden: Readonly<Record<string, string>> = {
  type: 'must be empty to be structural',
  additionalProperties: 'must be undefined to be structural',
  default: 'must be undefined to be structural',
  title: 'must be empty to be structural',
  description: 'must be empty to be structural',
  nullable: 'must be false to be structural',
  externalDocs: 'must be undefined to be structural',
  'x-kubernetes-preserve-unknown-fields': 'must be false to be structural',
  'x-kubernetes-embedded-resource': 'must be false to be structural',
  'x-kubernetes-int-or-string': 'must be false to be structural',
  'x-kubernetes-list-map-keys': 'must be empty to be structural',
  'x-kubernetes-list-type': 'must be undefined to be structural',
  'x-kubernetes-map-type': 'must be undefined to be structural',
  'x-kubernetes-validations': 'must be empty to be structural',
}

function isIntegerOrString(schema: JsonObject): boolean {
  return jsonEqual(schema, { type: 'integer' }) || jsonEqual(schema, { type: 'string' })
}

function junctorsOf(schema: JsonObject, path: string): [JsonObject, string][] {
  const found: [JsonObject, string][] = []
  for (const name of ['anyOf', 'allOf', 'oneOf']) {
    const list = schema[name]
    if (!Array.isArray(list)) continue
    for (const [index, entry] of list.entries()) {
      if (isJsonObject(entry)) found.push([entry, `${path}.${name}[${index}]`])
    }
  }
  if (isJsonObject(schema['not'])) found.push([schema['not'], `${path}.not`])
  return found
}

function isBareMetadata({ properties, type: _type, description: _description, ...rest }: JsonObject): boolean {
  const names = isJsonObject(properties) ? Object.keys(properties) : []
  const { default: _default, required: _required, ...others } = rest
  return names.every((name) => name === 'name' || name === 'generateName') && Object.keys(others).length === 0
}

function patternErrors(pattern: string, path: string): FieldError[] {
  try {
    compilePattern(pattern)
    return []
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return [invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error.message}`)]
  }
}

/** What a junctor talks about must have been said outside of it. */
function missingBelow(
  structure: JsonObject,
  schema: JsonObject,
  { structural, nested }: { structural: string; nested: string },
): FieldError[] {
  return junctorsOf(schema, nested).flatMap(([part, at]) => missingIn(structure, part, { structural, nested: at }))
}

function missingIn(
  structure: JsonObject,
  part: JsonObject,
  { structural, nested }: { structural: string; nested: string },
): FieldError[] {
  const errors = missingBelow(structure, part, { structural, nested })
  const properties = isJsonObject(structure['properties']) ? structure['properties'] : {}
  const open = structure['additionalProperties'] !== undefined
  for (const [name, child] of isJsonObject(part['properties']) ? Object.entries(part['properties']) : []) {
    const places = { structural: `${structural}.properties[${name}]`, nested: `${nested}.properties[${name}]` }
    const known = properties[name]
    if (isJsonObject(known)) errors.push(...(isJsonObject(child) ? missingIn(known, child, places) : []))
    else if (!open) errors.push(requiredValue(places.structural, `because it is defined in ${places.nested}`))
  }
  if (isJsonObject(part['items'])) {
    const places = { structural: `${structural}.items`, nested: `${nested}.items` }
    const { items } = structure
    if (isJsonObject(items)) errors.push(...missingIn(items, part['items'], places))
    else errors.push(requiredValue(places.structural, `because it is defined in ${places.nested}`))
  }
  return errors
}
