import { isJsonObject, jsonEqual } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
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

function sizeErrors(object: ApiObject, fields: readonly string[]): FieldError[] {
  let size = 0
  for (const field of fields) {
    const map = object[field]
    if (isJsonObject(map)) for (const value of Object.values(map)) size += typeof value === 'string' ? value.length : 0
  }
  const limit = fields.includes('binaryData') ? maxSize : (maxSize * 4) / 3
  return size > limit
    ? [{ reason: 'FieldValueTooLong', field: '[]', detail: `Too long: may not be more than ${maxSize} bytes` }]
    : []
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
    ...sizeErrors(object, ['data', 'binaryData']),
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

/** A Secret for a service account's token names the account. */
function accountErrors({ type, metadata }: ApiObject): FieldError[] {
  const annotation = 'kubernetes.io/service-account.name'
  if (type !== 'kubernetes.io/service-account-token' || metadata.annotations?.[annotation]) return []
  return [requiredValue(`metadata.annotations[${annotation}]`)]
}

export const secretStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate: foldStringData,
  prepareForUpdate: foldStringData,
  validate: (object) => [
    ...textErrors(object, 'data'),
    ...keyErrors(object, 'data'),
    ...base64Errors(object, 'data'),
    ...sizeErrors(object, ['data']),
    ...accountErrors(object),
  ],
  validateUpdate: (object, old) => [
    ...(object['type'] === old['type'] ? [] : [invalidValue('type', object['type'], 'field is immutable')]),
    ...immutableErrors(object, old, ['data']),
  ],
}
