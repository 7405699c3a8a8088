import type { JsonObject } from '@/contract/json'
import type { Labels } from '@/contract/selectors'

/** Where an object lives: `resource` is `pods` or `virtualmachines.kubevirt.io`; cluster-scoped kinds have namespace ''. */
export interface ObjectKey {
  resource: string
  namespace: string
  name: string
}

/** One row of the log: a change, and the object as it was served after it (for a delete: its last state). */
export interface LogEntry extends ObjectKey {
  /** The resourceVersion. */
  revision: number
  type: 'create' | 'update' | 'delete'
  /** Revision of the row it replaced; 0 for a create. */
  previous: number
  labels: Labels | undefined
  /** JSON, `apiVersion` and `kind` first, in the storage version. Never changed. */
  body: Buffer
}

/** A live object's place in a snapshot. */
export interface Pointer {
  namespace: string
  name: string
  revision: number
  labels: Labels | undefined
}

const parsed = new WeakMap<Buffer, JsonObject>()

/** The object in a body, parsed once per buffer; not to be changed. */
export function peekObject(body: Buffer): JsonObject {
  let object = parsed.get(body)
  if (!object) {
    object = parseObject(body)
    parsed.set(body, object)
  }
  return object
}

/** A fresh copy of the object in a body. */
export function parseObject(body: Buffer): JsonObject {
  // Bodies are written by this server from objects alone.
  return JSON.parse(body.toString('utf8')) as JsonObject
}
