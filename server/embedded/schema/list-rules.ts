import { isJsonObject, type JsonObject } from '@/contract/json'
import {
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../errors/status-error'
import { stringsIn } from './schema-node'

/** What definitions may say about how lists and maps merge. */
export function listErrors(schema: JsonObject, path: string): FieldError[] {
  return [...own(schema, path), ...below(schema, path)]
}

function below(schema: JsonObject, path: string): FieldError[] {
  const { properties, items, additionalProperties } = schema
  const errors = isJsonObject(properties)
    ? Object.entries(properties).flatMap(([name, child]) =>
        isJsonObject(child) ? listErrors(child, `${path}.properties[${name}]`) : [],
      )
    : []
  if (isJsonObject(items)) errors.push(...listErrors(items, `${path}.items`))
  if (isJsonObject(additionalProperties))
    errors.push(...listErrors(additionalProperties, `${path}.additionalProperties`))
  return errors
}

function own(schema: JsonObject, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type']
  const errors: FieldError[] = []
  if (mapType !== undefined) errors.push(...mapTypeErrors(schema, path))
  const type = schema['x-kubernetes-list-type']
  const keys = stringsIn(schema['x-kubernetes-list-map-keys'])
  if (type === undefined && keys.length === 0) return errors
  errors.push(...listTypeErrors(schema, path))
  const items = isJsonObject(schema['items']) ? schema['items'] : {}
  if (type === 'set') errors.push(...setErrors(items, `${path}.items`))
  if (type === 'map') errors.push(...mapErrors(items, keys, path))
  return errors
}

function listTypeErrors(schema: JsonObject, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  const typeField = `${path}.x-kubernetes-list-type`
  const errors: FieldError[] = []
  if (type !== undefined && type !== 'atomic' && type !== 'set' && type !== 'map') {
    errors.push(unsupportedValue(typeField, type, ['atomic', 'map', 'set']))
  }
  if (schema['type'] !== 'array') {
    const words = 'must be array if x-kubernetes-list-type is specified'
    const missing = schema['type'] === undefined
    errors.push(missing ? requiredValue(`${path}.type`, words) : invalidValue(`${path}.type`, schema['type'], words))
  }
  if (stringsIn(schema['x-kubernetes-list-map-keys']).length > 0 && type !== 'map') {
    errors.push(invalidValue(typeField, type ?? '', 'must be map if x-kubernetes-list-map-keys is non-empty'))
  }
  return errors
}

function mapTypeErrors(schema: JsonObject, path: string): FieldError[] {
  const type = schema['x-kubernetes-map-type']
  const errors: FieldError[] = []
  if (type !== 'atomic' && type !== 'granular') {
    errors.push(unsupportedValue(`${path}.x-kubernetes-map-type`, type, ['atomic', 'granular']))
  }
  if (schema['type'] !== 'object') {
    errors.push(
      invalidValue(`${path}.type`, schema['type'] ?? '', 'must be object if x-kubernetes-map-type is specified'),
    )
  }
  return errors
}

function setErrors(items: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (items['nullable'] === true) {
    errors.push(forbiddenValue(`${path}.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'))
  }
  if (items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    const value = items['x-kubernetes-map-type'] ?? ''
    const words = 'must be atomic as item of a list with x-kubernetes-list-type=set'
    errors.push(invalidValue(`${path}.x-kubernetes-map-type`, value, words))
  }
  const listType = items['x-kubernetes-list-type']
  if (items['type'] === 'array' && listType !== undefined && listType !== 'atomic') {
    const words = 'must be atomic as item of a list with x-kubernetes-list-type=set'
    errors.push(invalidValue(`${path}.x-kubernetes-list-type`, listType, words))
  }
  return errors
}

const scalars = ['integer', 'number', 'string', 'boolean']

function mapErrors(items: JsonObject, keys: readonly string[], path: string): FieldError[] {
  const keysField = `${path}.x-kubernetes-list-map-keys`
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(requiredValue(keysField, 'must not be empty if x-kubernetes-list-type is map'))
  if (items['type'] !== 'object') {
    const words = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(invalidValue(`${path}.items.type`, items['type'] ?? '', words))
  }
  const properties = isJsonObject(items['properties']) ? items['properties'] : {}
  const required = stringsIn(items['required'])
  for (const [index, key] of keys.entries()) {
    const property = properties[key]
    const at = `${path}.items.properties[${key}]`
    if (keys.indexOf(key) < index) {
      errors.push(duplicateValue(`${keysField}[${index}]`, key))
    } else if (!isJsonObject(property)) {
      errors.push(invalidValue(`${keysField}[${index}]`, key, 'entries must all be names of item properties'))
    } else {
      const isScalar = scalars.includes(String(property['type'])) || property['x-kubernetes-int-or-string'] === true
      if (!isScalar) {
        const words = "must be a scalar type if parent array's x-kubernetes-list-type is map"
        errors.push(invalidValue(`${at}.type`, property['type'] ?? '', words))
      }
      if (!required.includes(key) && property['default'] === undefined) {
        const words =
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
        errors.push(requiredValue(`${at}.default`, words))
      }
    }
  }
  return errors
}
