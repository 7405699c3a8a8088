import { isJsonObject, type JsonObject } from '@/contract/json'

/** Keywords that OpenAPI v2 does not have. */
const unknownToVersion2 = ['nullable', 'oneOf', 'anyOf', 'not', 'writeOnly', 'deprecated', 'links']

/**
 * A structural schema as OpenAPI v2 can say it. Clients check manifests with it before they send them and know none of
 * the extensions: where those allow more than the rest of the schema says, the rest is left out, as kube-apiserver does.
 */
export function asVersion2(schema: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) {
    if (!unknownToVersion2.includes(key)) result[key] = value
  }
  if (schema['x-kubernetes-int-or-string'] === true) delete result['type']
  if (schema['x-kubernetes-preserve-unknown-fields'] === true || schema['nullable'] === true) {
    delete result['items']
    delete result['properties']
    delete result['additionalProperties']
    if (schema['nullable'] === true) delete result['type']
  }
  const { properties, items, additionalProperties } = result
  if (isJsonObject(properties)) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([field, child]) => [field, isJsonObject(child) ? asVersion2(child) : child]),
    )
  }
  if (isJsonObject(items)) result['items'] = asVersion2(items)
  if (isJsonObject(additionalProperties)) result['additionalProperties'] = asVersion2(additionalProperties)
  return result
}
