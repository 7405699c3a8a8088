import { isJsonObject, type JsonObject } from '@/contract/json'
import { mergeKeyOfCoreList } from '@/contract/strategic-merge'
import type { Target } from '../registry/served-resource'

/** How a list merges: as one value, as a set of values, or by the fields that key its elements. */
export type ListType = 'atomic' | 'set' | readonly string[]

/** The type of the list at a path of field names, list positions left out. */
export type ListTypeOf = (fields: readonly string[]) => ListType

export function listTypesOf({ resource, version }: Target): ListTypeOf {
  return (fields) => {
    if (resource.origin === 'built-in' || fields[0] === 'metadata') return coreListType(fields)
    return schemaListType(version.schema, fields)
  }
}

function coreListType(fields: readonly string[]): ListType {
  const key = mergeKeyOfCoreList(fields.join('.'))
  return key === undefined ? 'atomic' : key === '' ? 'set' : [key]
}

function schemaListType(schema: unknown, fields: readonly string[]): ListType {
  let node = isJsonObject(schema) ? schema : undefined
  for (const field of fields) node = node && below(node, field)
  if (!node) return 'atomic'
  if (node['x-kubernetes-list-type'] === 'set') return 'set'
  const keys = node['x-kubernetes-list-map-keys']
  return node['x-kubernetes-list-type'] === 'map' && Array.isArray(keys) ? keys.map(String) : 'atomic'
}

function below(node: JsonObject, field: string): JsonObject | undefined {
  const object = isJsonObject(node['items']) ? node['items'] : node
  const properties = object['properties']
  if (isJsonObject(properties) && isJsonObject(properties[field])) return properties[field]
  const others = object['additionalProperties']
  return isJsonObject(others) ? others : undefined
}
