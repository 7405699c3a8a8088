import { isJsonObject, jsonEqual } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, forbiddenValue, invalidValue } from '../errors/status-error'
import { secretTypeErrors } from './secret-types'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** ConfigMaps and Secrets. */

const keyPattern = /^[-._a-zA-Z0-9]{1,253}$/
const maxSize = 1024 * 1024
const immutableWhy = 'field is immutable when `immutable` is set'

function keyErrors(object: ApiObject, field: string): FieldError[] {
  const map = object[field]
  if (!isJsonObject(map)) return []
  return Object.keys(map)
    .filter((key) => !keyPattern.test(key) || key === '.' || key === '..' || key.startsWith('..'))
    .map((key) =>
      invalidValue(
        `${field}[${key}]`,
        key,
        `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
      ),
    )
}

function textErrors(object: ApiObject, field: string): FieldError[] {
  const map = object[field]
  if (map === undefined || map === null) return []
  if (!isJsonObject(map)) return [invalidValue(field, map, 'must be a map of strings')]
  return Object.entries(map)
    .filter(([, value]) => typeof value !== 'string')
    .map(([key, value]) => invalidValue(`${field}[${key}]`, value, 'must be a string'))
}

function base64Errors(object: ApiObject, field: string): FieldError[] {
  const map = object[field]
  if (!isJsonObject(map)) return []
  return Object.entries(map)
    .filter(([, value]) => typeof value === 'string' && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value))
    .map(([key]) => invalidValue(`${field}[${key}]`, '<value omitted>', 'illegal base64 data'))
}

interface SizedFields {
  /** Where Kubernetes says that they are too long. */
  at: string
  text?: string
  base64: string
}

/** What the values of all fields take together, decoded. */
function sizeErrors(object: ApiObject, { at, text, base64 }: SizedFields): FieldError[] {
  const encoded = valuesOf(object, base64).reduce((size, value) => size + Buffer.byteLength(value, 'base64'), 0)
  const plain = text === undefined ? [] : valuesOf(object, text)
  const size = plain.reduce((sum, value) => sum + Buffer.byteLength(value), encoded)
  return size > maxSize
    ? [{ reason: 'FieldValueTooLong', field: at, detail: `Too long: may not be more than ${maxSize} bytes` }]
    : []
}

function valuesOf(object: ApiObject, field: string): string[] {
  const map = object[field]
  return isJsonObject(map) ? Object.values(map).filter((value) => typeof value === 'string') : []
}

function immutableErrors(object: ApiObject, old: ApiObject, fields: readonly string[]): FieldError[] {
  if (old['immutable'] !== true) return []
  const errors = object['immutable'] === true ? [] : [forbiddenValue('immutable', immutableWhy)]
  for (const field of fields) {
    if (!jsonEqual(object[field] ?? {}, old[field] ?? {})) errors.push(forbiddenValue(field, immutableWhy))
  }
  return errors
}

export const configMapStrategy: ResourceStrategy = {
  ...plainStrategy,
  validate: (object) => [
    ...textErrors(object, 'data'),
    ...keyErrors(object, 'data'),
    ...keyErrors(object, 'binaryData'),
    ...base64Errors(object, 'binaryData'),
    ...sizeErrors(object, { at: '[]', text: 'data', base64: 'binaryData' }),
  ],
  validateUpdate: (object, old) => immutableErrors(object, old, ['data', 'binaryData']),
}

/** `stringData` is for writing only: it becomes part of `data`. */
function foldStringData(object: ApiObject): void {
  const { stringData } = object
  if (isJsonObject(stringData)) {
    const data = isJsonObject(object['data']) ? object['data'] : {}
    for (const [key, value] of Object.entries(stringData)) data[key] = Buffer.from(String(value)).toString('base64')
    object['data'] = data
  }
  delete object['stringData']
  object['type'] ??= 'Opaque'
}

export const secretStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate: foldStringData,
  prepareForUpdate: foldStringData,
  validate: (object) => [
    ...textErrors(object, 'data'),
    ...keyErrors(object, 'data'),
    ...base64Errors(object, 'data'),
    ...sizeErrors(object, { at: 'data', base64: 'data' }),
    ...secretTypeErrors(object),
  ],
  validateUpdate: (object, old) => [
    ...(object['type'] === old['type'] ? [] : [invalidValue('type', object['type'], 'field is immutable')]),
    ...immutableErrors(object, old, ['data']),
  ],
}
