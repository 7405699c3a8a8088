import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { badRequest } from '../errors/status-error'
import { apiVersion, type Target } from '../registry/served-resource'
import { type FieldSource, reportUnknown } from './unknown-fields'

interface Place {
  target: Target
  namespace: string
  /** From the path; '' for a create. */
  name: string
}

/**
 * Checks that a body is an object of the kind and place that the path names, and completes what may be left out. With a
 * source, fields that the schema does not know are removed and reported. Throws 400 in Kubernetes' words.
 */
export function decodeObject(body: unknown, { target, namespace, name }: Place, source?: FieldSource): ApiObject {
  if (!isJsonObject(body)) throw badRequest('the body is not a Kubernetes object')
  checkKind(body, target)
  const typeError = target.version.builtIn?.typeError(body)
  if (typeError !== undefined) {
    const { kind } = target.resource
    throw badRequest(
      `${kind} in version ${JSON.stringify(target.version.name)} cannot be handled as a ${kind}: ${typeError}`,
    )
  }
  const metadata = readMetadata(body)
  checkNamespace(metadata, namespace, target.resource.namespaced)
  if (name !== '') {
    const own = metadata['name']
    if (typeof own === 'string' && own !== '' && own !== name) {
      throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
    }
    metadata['name'] = name
  }
  // The outer shape was checked above; field types inside metadata are checked by `metadataErrors`.
  const object = { ...body, kind: target.resource.kind, metadata } as unknown as ApiObject
  if (source) reportUnknown(object, source)
  return object
}

function checkKind(body: JsonObject, { resource, version }: Target): void {
  const expected = apiVersion(resource.group, version.name)
  for (const [field, label] of [
    ['kind', 'Kind'],
    ['apiVersion', 'apiVersion'],
  ] as const) {
    if (typeof body[field] === 'string' && body[field] !== '') continue
    throw badRequest(`Object '${label}' is missing in '${JSON.stringify(body).slice(0, 200)}'`)
  }
  if (body['apiVersion'] !== expected) {
    throw badRequest(
      `the API version in the data (${String(body['apiVersion'])}) does not match the expected API version (${expected})`,
    )
  }
  // Of a custom kind the path alone decides, as in Kubernetes.
  if (body['kind'] !== resource.kind && resource.origin === 'built-in') {
    throw badRequest(
      `${String(body['kind'])} in version ${JSON.stringify(expected)} cannot be handled as a ${resource.kind}`,
    )
  }
}

function readMetadata(body: JsonObject): JsonObject {
  const given = body['metadata'] ?? {}
  if (!isJsonObject(given)) throw badRequest('metadata is not an object')
  const metadata = { ...given }
  for (const field of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion']) {
    if (metadata[field] === null) delete metadata[field]
    if (metadata[field] !== undefined && typeof metadata[field] !== 'string') {
      throw badRequest(`json: cannot unmarshal into Go struct field ObjectMeta.metadata.${field} of type string`)
    }
  }
  return metadata
}

function checkNamespace(metadata: JsonObject, namespace: string, namespaced: boolean): void {
  if (!namespaced) {
    if (metadata['namespace'] === undefined || metadata['namespace'] === '') {
      delete metadata['namespace']
      return
    }
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (metadata['namespace'] !== undefined && metadata['namespace'] !== '' && metadata['namespace'] !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  metadata['namespace'] = namespace
}
