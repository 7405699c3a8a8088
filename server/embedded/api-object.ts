import { isJsonObject, type JsonObject } from '@/contract/json'
import type { KubeObject, ObjectMeta } from '@/contract/kube-object'
import type { Labels } from '@/contract/selectors'

export interface ManagedFieldsEntry {
  manager?: string
  operation?: 'Apply' | 'Update'
  apiVersion?: string
  time?: string
  fieldsType?: 'FieldsV1'
  fieldsV1?: JsonObject
  subresource?: string
}

export interface ApiObjectMeta extends ObjectMeta {
  managedFields?: ManagedFieldsEntry[]
  selfLink?: string
}

/** Any object the server stores: the common fields typed, the rest as the client sent it. */
export interface ApiObject extends KubeObject {
  metadata: ApiObjectMeta
  [field: string]: unknown
}

/** Whether JSON has the outer shape of an object; field types below `metadata` are checked by `metadataErrors`. */
export function isApiObject(value: unknown): value is ApiObject {
  return (
    isJsonObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isJsonObject(value['metadata'])
  )
}

/** The bytes that are stored and served: `apiVersion`, `kind` and `metadata` come first, in this order. */
export function serializeObject(object: ApiObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: orderedMeta(metadata), ...rest }))
}

function orderedMeta(metadata: ApiObjectMeta): ApiObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, ...rest } = metadata
  // JSON leaves out what is undefined.
  return { name, namespace, uid, resourceVersion, generation, creationTimestamp, ...rest } as ApiObjectMeta
}

/** A stored body under another of its kind's versions: versions differ in `apiVersion` only (conversion strategy None). */
export function relabelBody(body: Buffer, from: string, to: string): Buffer {
  if (from === to) return body
  const start = Buffer.byteLength(`{"apiVersion":${JSON.stringify(from)}`)
  return Buffer.concat([Buffer.from(`{"apiVersion":${JSON.stringify(to)}`), body.subarray(start)])
}

export function labelsOf(object: ApiObject): Labels | undefined {
  return object.metadata.labels
}
