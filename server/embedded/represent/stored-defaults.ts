import { type ApiObject, serializeObject } from '../api-object'
import type { Target } from '../registry/served-resource'
import { parseObject } from '../storage/log-entry'

/** `metadata` comes first in a stored body, and resourceVersion early in it (`serializeObject`). */
const headLength = 1024

/**
 * A stored body with the defaults that its kind's definition got after it was written, as Kubernetes fills them in when
 * it reads. Bodies written under the definition as it is have theirs, and are given back as they are.
 */
export function withStoredDefaults({ resource, version }: Target, body: Buffer): Buffer {
  if (resource.definedAt === 0 || !version.compiled?.hasDefaults) return body
  const found = /"resourceVersion":"(\d+)"/.exec(body.toString('latin1', 0, headLength))
  if (found && Number(found[1]) > resource.definedAt) return body
  // Stored bodies are objects with metadata.
  const object = parseObject(body) as ApiObject
  version.compiled.fillDefaults(object)
  return serializeObject(object)
}
