import { isJsonObject, jsonEqual } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { trackWrite } from '../apply/managed-fields'
import { conflict, internalError, invalid, modifiedMeanwhile, notFound } from '../errors/status-error'
import { apiVersion, groupKind, groupResource, resourceName } from '../registry/served-resource'
import type { Decision } from '../storage/change'
import { type ObjectKey, parseObject } from '../storage/log-entry'
import type { Written } from './create-object'
import { metadataErrors, metadataUpdateErrors } from './metadata-rules'
import { conform, fillIn, schemaErrors } from './schema-step'
import { admissionRequest, changeOf, type WriteContext } from './write-context'

export interface Update {
  key: ObjectKey
  subresource: '' | 'status' | 'finalize' | 'approval' | 'scale'
  /** What the client wants the object to be; gets a copy of what it is, in the version of the request. */
  produce(old: ApiObject): ApiObject
  /** Decides instead when the object is missing; left out: 404. */
  createMissing?: (revision: number) => Decision<Written>
  /** Whether the update must say which version it is made on, unless the kind takes any. */
  mustNameVersion: boolean
  /** managedFields were already computed by `produce` (server-side apply). */
  applied?: boolean
}

/** Decides an update: runs inside the store's write. Throws what the client gets to see. */
export function decideUpdate(context: WriteContext, update: Update, revision: number): Decision<Written> {
  const { api, target, options } = context
  const { resource } = target
  const entry = api.store.get(update.key)
  if (!entry) {
    if (update.createMissing) return update.createMissing(revision)
    throw notFound(groupResource(resource), update.key.name)
  }
  // Twice, since `produce` may change its copy. Stored bodies are objects with metadata.
  const old = parseObject(entry.body) as ApiObject
  const copy = parseObject(entry.body) as ApiObject
  copy.apiVersion = apiVersion(resource.group, target.version.name)
  fillIn(target, old)
  fillIn(target, copy)
  const wanted = update.produce(copy)
  conform(target, wanted)
  checkPreconditions(context, wanted, { old, update })
  const next = withServerFields(context, wanted, { old, subresource: update.subresource })
  admit(context, next, { old, update })
  if (!update.applied) trackWrite({ context, object: next, old, subresource: update.subresource })

  if (isSame(next, old)) return { value: { body: entry.body, created: false } }
  const ends = hasEnded(context, next)
  if (!options.dryRun) next.metadata.resourceVersion = String(revision)
  const change = changeOf(target, next, ends ? 'delete' : 'put')
  const value = { body: change.body, created: false }
  return options.dryRun ? { value } : { change, value }
}

function checkPreconditions(
  { target }: WriteContext,
  wanted: ApiObject,
  { old, update }: { old: ApiObject; update: Update },
): void {
  const { resource } = target
  const { name, uid, resourceVersion } = wanted.metadata
  if (uid && uid !== old.metadata.uid) {
    throw conflict(
      groupResource(resource),
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    )
  }
  if (!resourceVersion || resourceVersion === '0') {
    if (!update.mustNameVersion || resource.strategy.unconditionalUpdate) return
    throw invalid(groupKind(resource), name, [
      {
        reason: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        detail: 'Invalid value: 0x0: must be specified for an update',
      },
    ])
  }
  if (!/^\d+$/.test(resourceVersion)) {
    throw internalError(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`)
  }
  if (resourceVersion !== old.metadata.resourceVersion) throw conflict(groupResource(resource), name, modifiedMeanwhile)
}

/** The new object with everything that is not the client's to change as it was. */
function withServerFields(
  { target }: WriteContext,
  wanted: ApiObject,
  { old, subresource }: { old: ApiObject; subresource: Update['subresource'] },
): ApiObject {
  const { strategy } = target.resource
  const next = ownPart(wanted, old, { subresource, statusApart: target.version.statusSubresource })
  next.metadata = keepServerMeta(next, old)
  if (writesSpec(subresource)) strategy.prepareForUpdate?.(next, old)
  return next
}

function writesSpec(subresource: Update['subresource']): boolean {
  return subresource === '' || subresource === 'scale'
}

/** The main resource leaves status alone where that has its own subresource, and a subresource all else. */
function ownPart(
  wanted: ApiObject,
  old: ApiObject,
  { subresource, statusApart }: { subresource: Update['subresource']; statusApart: boolean },
): ApiObject {
  const metadata = { ...old.metadata }
  if (subresource === 'status') {
    if (wanted.metadata.managedFields) metadata.managedFields = wanted.metadata.managedFields
    return { ...old, metadata, status: wanted['status'] }
  }
  if (subresource === 'approval') {
    const [before, after] = [old['status'], wanted['status']].map((status) => (isJsonObject(status) ? status : {}))
    return { ...old, metadata, status: { ...before, conditions: after?.['conditions'] } }
  }
  if (subresource === 'scale') return { ...wanted, metadata: { ...metadata }, ...(statusApart ? statusOf(old) : {}) }
  if (subresource === 'finalize') {
    const spec = wanted['spec']
    const finalizers = isJsonObject(spec) && Array.isArray(spec['finalizers']) ? spec['finalizers'] : []
    return { ...old, metadata, spec: { finalizers } }
  }
  if (!statusApart) return wanted
  const { status: _status, ...rest } = wanted
  // `rest` keeps the fields every object has; the index signature makes the compiler forget them.
  return { ...rest, ...statusOf(old) } as ApiObject
}

function statusOf(old: ApiObject): { status?: unknown } {
  return old['status'] === undefined ? {} : { status: old['status'] }
}

function keepServerMeta(next: ApiObject, old: ApiObject): ApiObject['metadata'] {
  const { selfLink: _link, deletionTimestamp: _time, deletionGracePeriodSeconds: _grace, ...metadata } = next.metadata
  const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds, resourceVersion } =
    old.metadata
  if (metadata.finalizers?.length === 0) delete metadata.finalizers
  if (metadata.ownerReferences?.length === 0) delete metadata.ownerReferences
  return {
    ...metadata,
    ...(metadata.managedFields === undefined && old.metadata.managedFields
      ? { managedFields: old.metadata.managedFields }
      : {}),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  }
}

/** Counts what is different after all defaults are filled in. */
function countGeneration({ target }: WriteContext, next: ApiObject, old: ApiObject): void {
  if (target.resource.strategy.generation === 'never') return
  const apart = target.version.statusSubresource
  const changed = !jsonEqual(desired(next, apart), desired(old, apart))
  next.metadata.generation = (old.metadata.generation ?? 1) + (changed ? 1 : 0)
}

/** What a generation counts the changes of. */
function desired(object: ApiObject, statusApart: boolean): object {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status, ...rest } = object
  return statusApart ? rest : { ...rest, status }
}

function admit(context: WriteContext, next: ApiObject, { old, update }: { old: ApiObject; update: Update }): void {
  const { api, target } = context
  const { resource } = target
  const { strategy } = resource
  const request = admissionRequest(context, { operation: 'UPDATE', subresource: update.subresource, object: next, old })
  api.admission.mutate(resourceName(resource), request)
  countGeneration(context, next, old)
  const errors = [
    ...metadataErrors(next, resource),
    ...metadataUpdateErrors(next, old),
    ...(writesSpec(update.subresource)
      ? [...(strategy.validate?.(next) ?? []), ...(strategy.validateUpdate?.(next, old) ?? [])]
      : []),
    ...(update.subresource === 'finalize' ? [] : schemaErrors(target, next, old)),
  ]
  if (errors.length > 0) throw invalid(groupKind(resource), old.metadata.name, errors)
  api.admission.validate(resourceName(resource), request)
}

function isSame(next: ApiObject, old: ApiObject): boolean {
  return jsonEqual({ ...next, apiVersion: old.apiVersion, kind: old.kind }, old)
}

/** Whether an object that was being deleted has nothing left to wait for. */
export function hasEnded({ target }: WriteContext, object: ApiObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.finalizers ?? []).length === 0 &&
    (target.resource.strategy.mayGo?.(object) ?? true)
  )
}
