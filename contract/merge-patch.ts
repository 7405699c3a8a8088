import { isJsonObject, type JsonObject } from './json'

/** JSON Merge Patch (RFC 7396): objects merge, null removes, everything else replaces. Inputs are left as they are. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const result: JsonObject = isJsonObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = applyMergePatch(result[key], value)
  }
  return result
}
