import type { AdmissionRequest } from '../admission/admission'
import type { ApiContext, ResourceCall } from '../api-context'
import { type ApiObject, serializeObject } from '../api-object'
import { tooLarge } from '../errors/status-error'
import { bodyLimit } from '../http/read-body'
import type { User } from '../identity/user'
import { resourceName, storageApiVersion, type Target } from '../registry/served-resource'
import type { Change } from '../storage/change'
import { type ObjectKey, parseObject } from '../storage/log-entry'
import type { ReadObject } from '../strategies/strategy'
import { readWriteOptions, type WriteOptions } from './write-options'

/** What every step of a write needs to know. */
export interface WriteContext {
  api: ApiContext
  target: Target
  user: User
  options: WriteOptions
  /** Sent as Warning headers. */
  warnings: string[]
}

export function writeContext(call: ResourceCall): WriteContext {
  return {
    api: call.api,
    target: call.target,
    user: call.user,
    options: readWriteOptions(call.query, call.request),
    warnings: [],
  }
}

export function keyOf(call: ResourceCall): ObjectKey {
  return {
    resource: resourceName(call.target.resource),
    namespace: call.target.resource.namespaced ? call.info.namespace : '',
    name: call.info.name,
  }
}

/** Reads the newest state; inside a write's `decide` that is the state the write is made on. */
export function reader(api: ApiContext): ReadObject {
  return (key) => {
    const entry = api.store.get(key)
    // Stored bodies are objects with metadata: only this server writes them.
    return entry && (parseObject(entry.body) as ApiObject)
  }
}

/** The change that stores an object, in its kind's storage version. Throws 413 for one that has grown too large. */
export function changeOf(target: Target, object: ApiObject, type: Change['type']): Change {
  const stored = { ...object, apiVersion: storageApiVersion(target.resource), kind: target.resource.kind }
  const body = serializeObject(stored)
  // What patches and defaults made of it may be larger than any body.
  if (body.length > bodyLimit && type === 'put') throw tooLarge(bodyLimit)
  return {
    key: {
      resource: resourceName(target.resource),
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
    },
    type,
    labels: object.metadata.labels,
    body,
  }
}

type AboutWrite = Pick<AdmissionRequest, 'operation' | 'subresource' | 'object' | 'old'>

/** What admission gets to see of a write. */
export function admissionRequest(context: WriteContext, about: AboutWrite): AdmissionRequest {
  const { api, target, user, options, warnings } = context
  return {
    ...about,
    resource: target.resource,
    user,
    dryRun: options.dryRun,
    read: reader(api),
    list: (resource, namespace) =>
      // Past the last commit: what earlier writes of the same batch left counts.
      api.store.snapshot({ resource, namespace, revision: Number.MAX_SAFE_INTEGER }).flatMap(({ revision }) => {
        const entry = api.store.entry(revision)
        // As in `reader`.
        return entry ? [parseObject(entry.body) as ApiObject] : []
      }),
    authorize: (action) => api.authorizer.authorize({ type: 'resource', user, version: '*', ...action }).allowed,
    warnings,
  }
}
