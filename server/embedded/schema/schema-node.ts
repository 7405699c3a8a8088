import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { isRawRule, type RawRule } from './raw-rule'
import { type Checks, readChecks } from './value-checks'

/**
 * One node of a structural schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema),
 * read once from a definition so that nothing is looked up by name while objects are checked.
 */
export interface SchemaNode {
  /** Empty: a value of any type. */
  types: readonly string[]
  nullable: boolean
  preserves: boolean
  embedded: boolean
  properties: ReadonlyMap<string, SchemaNode>
  /** The schema of properties that are not named. */
  additional: SchemaNode | undefined
  /** `additionalProperties: true`: anything may be there. */
  additionalAnything: boolean
  items: SchemaNode | undefined
  required: readonly string[]
  /** Undefined: none. */
  default: unknown
  format: string
  checks: Checks | undefined
  /** What the schema says of how much a value may hold. */
  most: Limits
  enum: readonly unknown[] | undefined
  allOf: readonly SchemaNode[]
  anyOf: readonly SchemaNode[]
  oneOf: readonly SchemaNode[]
  not: SchemaNode | undefined
  listType: 'atomic' | 'set' | 'map'
  listKeys: readonly string[]
  /** A map or object that is one value: its parts have no history of their own. */
  atomicMap: boolean
  rules: readonly RawRule[]
  /** Whether there is any, here or below: what has none is not walked. */
  has: { defaults: boolean; rules: boolean; lists: boolean; embedded: boolean }
}

/** `length` counts characters; undefined: no limit. */
export interface Limits {
  items: number | undefined
  properties: number | undefined
  length: number | undefined
}

export const unlimited: Limits = { items: undefined, properties: undefined, length: undefined }

/** Nesting that no request can exceed, since bodies are limited to fewer levels. */
const depthLimit = 120

export class SchemaDepthError extends Error {}

/**
 * Reads a schema as a definition has it. What is not of the expected type is left out: `structuralErrors` refuses that
 * when definitions are written. Throws SchemaDepthError for nesting that no request could bring.
 */
export function readSchema(raw: unknown, depth = 0): SchemaNode {
  if (depth > depthLimit) throw new SchemaDepthError(`schemas may not be nested deeper than ${depthLimit} levels`)
  const schema: JsonObject = isJsonObject(raw) ? raw : {}
  const below = (value: unknown): SchemaNode => readSchema(value, depth + 1)
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  const node: Omit<SchemaNode, 'has'> = {
    types: typesOf(schema, intOrString),
    nullable: schema['nullable'] === true,
    preserves: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: schema['x-kubernetes-embedded-resource'] === true,
    properties: propertiesOf(schema, below),
    additional: isJsonObject(schema['additionalProperties']) ? below(schema['additionalProperties']) : undefined,
    additionalAnything: schema['additionalProperties'] === true,
    items: isJsonObject(schema['items']) ? below(schema['items']) : undefined,
    required: stringsIn(schema['required']),
    // A default of null is none, as where the schema is written in Go.
    default: schema['default'] === null ? undefined : schema['default'],
    format: typeof schema['format'] === 'string' ? schema['format'] : '',
    checks: readChecks(schema),
    most: limitsOf(schema),
    enum: Array.isArray(schema['enum']) ? schema['enum'] : undefined,
    ...junctorsOf(schema, intOrString, below),
    ...listOf(schema),
    atomicMap: schema['x-kubernetes-map-type'] === 'atomic',
    rules: Array.isArray(schema['x-kubernetes-validations'])
      ? schema['x-kubernetes-validations'].filter(isRawRule)
      : [],
  }
  return { ...node, has: contentsOf(node) }
}

function typesOf(schema: JsonObject, intOrString: boolean): string[] {
  if (intOrString) return ['integer', 'string']
  return typeof schema['type'] === 'string' && schema['type'] !== '' ? [schema['type']] : []
}

function limitsOf({ maxItems, maxProperties, maxLength }: JsonObject): Limits {
  if (maxItems === undefined && maxProperties === undefined && maxLength === undefined) return unlimited
  const limit = (value: unknown): number | undefined => (typeof value === 'number' ? Math.max(value, 0) : undefined)
  return { items: limit(maxItems), properties: limit(maxProperties), length: limit(maxLength) }
}

function propertiesOf(schema: JsonObject, below: (value: unknown) => SchemaNode): Map<string, SchemaNode> {
  const { properties } = schema
  if (!isJsonObject(properties)) return new Map()
  return new Map(Object.entries(properties).map(([name, value]) => [name, below(value)]))
}

export function stringsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

const integerOrString = [{ type: 'integer' }, { type: 'string' }]

function junctorsOf(
  schema: JsonObject,
  intOrString: boolean,
  below: (value: unknown) => SchemaNode,
): Pick<SchemaNode, 'allOf' | 'anyOf' | 'oneOf' | 'not'> {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  // The one pattern that says "integer or string" once more.
  const says = (value: unknown): boolean => intOrString && jsonEqual(value, integerOrString)
  const allOf = list(schema['allOf']).filter((entry) => !(isJsonObject(entry) && says(entry['anyOf'])))
  return {
    allOf: allOf.map(below),
    anyOf: says(schema['anyOf']) ? [] : list(schema['anyOf']).map(below),
    oneOf: list(schema['oneOf']).map(below),
    not: isJsonObject(schema['not']) ? below(schema['not']) : undefined,
  }
}

function listOf(schema: JsonObject): Pick<SchemaNode, 'listType' | 'listKeys'> {
  const type = schema['x-kubernetes-list-type']
  return {
    listType: type === 'set' || type === 'map' ? type : 'atomic',
    listKeys: stringsIn(schema['x-kubernetes-list-map-keys']),
  }
}

function contentsOf(node: Omit<SchemaNode, 'has'>): SchemaNode['has'] {
  const children = [...node.properties.values(), ...(node.additional ? [node.additional] : [])]
  if (node.items) children.push(node.items)
  const any = (key: keyof SchemaNode['has']): boolean => children.some((child) => child.has[key])
  return {
    defaults: any('defaults') || children.some((child) => child.default !== undefined),
    rules: node.rules.length > 0 || any('rules'),
    lists: node.listType !== 'atomic' || any('lists'),
    embedded: node.embedded || any('embedded'),
  }
}
