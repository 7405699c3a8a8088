import { isJsonObject, type JsonObject } from '@/contract/json'
import { bytesField, doubleField, numberField } from '../protobuf/write-wire'
import type { Operation, PathItem, QueryParameter } from './open-api-operations'

/**
 * OpenAPI v2 as protobuf (gnostic's `openapi.v2` messages; the numbers are those of its fields), which kubectl before 1.27
 * asks for to check manifests and to explain kinds.
 */

type Encode = (value: unknown) => Buffer[]

const text =
  (field: number): Encode =>
  (value) =>
    typeof value === 'string' ? [bytesField(field, value)] : []
const whole =
  (field: number): Encode =>
  (value) =>
    typeof value === 'number' && value >= 0 ? [numberField(field, value)] : []
const flag =
  (field: number): Encode =>
  (value) =>
    typeof value === 'boolean' ? [numberField(field, value)] : []
const double =
  (field: number): Encode =>
  (value) =>
    typeof value === 'number' ? [doubleField(field, value)] : []
const each =
  (field: number, encode: (entry: unknown) => Buffer | string): Encode =>
  (value) =>
    Array.isArray(value) ? value.map((entry: unknown) => bytesField(field, encode(entry))) : []

/** `Any`: a value as YAML, of which JSON is a part. */
function anyValue(value: unknown): Buffer {
  return bytesField(2, `${JSON.stringify(value)}\n`)
}

function extension(field: number, name: string, value: unknown): Buffer {
  return bytesField(field, Buffer.concat([bytesField(1, name), bytesField(2, anyValue(value))]))
}

function named(field: number, entries: JsonObject, encode: (value: unknown) => Buffer): Buffer[] {
  return Object.entries(entries).map(([name, value]) =>
    bytesField(field, Buffer.concat([bytesField(1, name), bytesField(2, encode(value))])),
  )
}

const schemaFields: Readonly<Record<string, Encode>> = {
  $ref: text(1),
  format: text(2),
  title: text(3),
  description: text(4),
  default: (value) => [bytesField(5, anyValue(value))],
  multipleOf: double(6),
  maximum: double(7),
  exclusiveMaximum: flag(8),
  minimum: double(9),
  exclusiveMinimum: flag(10),
  maxLength: whole(11),
  minLength: whole(12),
  pattern: text(13),
  maxItems: whole(14),
  minItems: whole(15),
  uniqueItems: flag(16),
  maxProperties: whole(17),
  minProperties: whole(18),
  required: each(19, String),
  enum: each(20, anyValue),
  additionalProperties: (value) => [
    bytesField(21, typeof value === 'boolean' ? numberField(2, value) : bytesField(1, encodeSchema(value))),
  ],
  type: (value) => [bytesField(22, bytesField(1, String(value)))],
  items: (value) => [bytesField(23, bytesField(1, encodeSchema(value)))],
  allOf: each(24, encodeSchema),
  properties: (value) => (isJsonObject(value) ? [bytesField(25, Buffer.concat(named(1, value, encodeSchema)))] : []),
}

function encodeSchema(schema: unknown): Buffer {
  if (!isJsonObject(schema)) return Buffer.alloc(0)
  return Buffer.concat(
    Object.entries(schema).flatMap(([key, value]) => {
      if (key.startsWith('x-')) return [extension(31, key, value)]
      return schemaFields[key]?.(value) ?? []
    }),
  )
}

/** A definition within `Definitions`. */
export function encodeDefinition(name: string, schema: JsonObject): Buffer {
  return bytesField(1, Buffer.concat([bytesField(1, name), bytesField(2, encodeSchema(schema))]))
}

const methodFields = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const

/** A path within `Paths`. Of operations, what clients look for: the kind, and which query parameters there are. */
export function encodePath({ path, operations }: PathItem): Buffer {
  const item = operations.map((operation) => bytesField(methodFields[operation.method], encodeOperation(operation)))
  return bytesField(2, Buffer.concat([bytesField(1, path), bytesField(2, Buffer.concat(item))]))
}

function encodeOperation({ action, id, description, query, consumes, kind }: Operation): Buffer {
  return Buffer.concat([
    bytesField(3, description),
    bytesField(5, id),
    bytesField(6, 'application/json'),
    ...consumes.map((type) => bytesField(7, type)),
    ...query.map((parameter) => bytesField(8, encodeParameter(parameter))),
    extension(13, 'x-kubernetes-action', action),
    extension(13, 'x-kubernetes-group-version-kind', kind),
  ])
}

/** ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema. */
function encodeParameter({ name, type, description }: QueryParameter): Buffer {
  const schema = Buffer.concat([
    bytesField(2, 'query'),
    bytesField(3, description),
    bytesField(4, name),
    bytesField(6, type),
  ])
  return bytesField(1, bytesField(2, bytesField(3, schema)))
}

export interface EncodedParts {
  title: string
  version: string
  paths: readonly Buffer[]
  definitions: readonly Buffer[]
}

/** The `Document` of encoded paths and definitions. */
export function encodeDocument({ title, version, paths, definitions }: EncodedParts): Buffer {
  return Buffer.concat([
    bytesField(1, '2.0'),
    bytesField(2, Buffer.concat([bytesField(1, title), bytesField(2, version)])),
    bytesField(8, Buffer.concat(paths)),
    bytesField(9, Buffer.concat(definitions)),
  ])
}
