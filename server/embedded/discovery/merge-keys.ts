import { isJsonObject, type JsonObject } from '@/contract/json'
import { type MergeKeys, mergeKeyOfCoreList } from '@/contract/strategic-merge'
import type { Target } from '../registry/served-resource'

/** How a strategic merge tells the elements of a kind's lists apart; by what is known of the core kinds without a schema. */
export function mergeKeysOf({ version }: Target): MergeKeys {
  const { schema } = version
  if (!isJsonObject(schema)) return mergeKeyOfCoreList
  return (path) => {
    let node: JsonObject | undefined = schema
    for (const field of path.split('.')) node = node && fieldOf(node, field)
    if (!String(node?.['x-kubernetes-patch-strategy'] ?? '').startsWith('merge')) return undefined
    return String(node?.['x-kubernetes-patch-merge-key'] ?? '')
  }
}

/** The schema of a field; of a list, a field of its elements. */
function fieldOf(node: JsonObject, field: string): JsonObject | undefined {
  const holder = isJsonObject(node['items']) ? node['items'] : node
  const { properties, additionalProperties } = holder
  const known = isJsonObject(properties) && Object.hasOwn(properties, field) ? properties[field] : additionalProperties
  return isJsonObject(known) ? known : undefined
}
