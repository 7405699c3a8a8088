import { isJsonObject, jsonEqual } from '@/contract/json'
import type { ApiObject, ManagedFieldsEntry } from '../api-object'
import { toKubeTime } from '../clock'
import { StatusError } from '../errors/status-error'
import { apiVersion } from '../registry/served-resource'
import type { WriteContext } from '../write/write-context'
import { fromFieldsV1, PathSet, printPath, toFieldsV1 } from './field-paths'
import { listTypesOf } from './list-types'
import { mergeApplied, ownedFields, removeFields, valueAt } from './typed-object'

/**
 * Who owns which fields. Ownership is recorded from an object's first apply on: until then nobody needs to know, and an
 * object that is never applied carries nothing. What was there before belongs to `before-first-apply`, as in Kubernetes.
 */

export interface TrackedWrite {
  context: WriteContext
  object: ApiObject
  old: ApiObject
  subresource: string
}

/** Records an ordinary update: what it changed belongs to its manager now. Changes the object's managedFields. */
export function trackWrite({ context, object, old, subresource }: TrackedWrite): void {
  const sent = object.metadata.managedFields
  const entries = old.metadata.managedFields ?? []
  // An empty list is how a client gives up all ownership.
  const reset = sent !== undefined && sent.every((entry) => Object.keys(entry).length === 0)
  if (entries.length === 0 || reset) {
    delete object.metadata.managedFields
    return
  }
  const listTypeOf = listTypesOf(context.target)
  const [before, after] = [ownedFields(old, listTypeOf), ownedFields(object, listTypeOf)]
  const changed = after.filter((path) => !before.has(path) || !jsonEqual(valueAt(old, path), valueAt(object, path)))
  const removed = before.without(after)
  const manager = identityOf(context, 'Update', subresource)
  const kept = entries.map((entry) =>
    narrowed(entry, removed.union(isSameManager(entry, manager) ? new PathSet() : changed)),
  )
  object.metadata.managedFields =
    changed.size === 0 ? compact(kept) : compact(withFields(kept, manager, changed, context))
}

/** What an apply makes of an object, managedFields included. Throws 409 for fields that others own and see differently. */
export function applyTo(
  context: WriteContext,
  live: ApiObject,
  applied: ApiObject,
  { force, subresource }: { force: boolean; subresource: string },
): ApiObject {
  const listTypeOf = listTypesOf(context.target)
  const manager = identityOf(context, 'Apply', subresource)
  const entries = live.metadata.managedFields ?? beforeFirstApply(context, live)
  const wanted = ownedFields(applied, listTypeOf)
  const others = entries.filter((entry) => !isSameManager(entry, manager))
  const contested = others.map((entry) => ({
    entry,
    paths: fieldsOf(entry).filter(
      (path) => wanted.has(path) && !jsonEqual(valueAt(live, path), valueAt(applied, path)),
    ),
  }))
  if (!force) refuseConflicts(contested)
  const mine = entries.find((entry) => isSameManager(entry, manager))
  const lost = contested.reduce((set, { paths }) => set.union(paths), new PathSet())
  const remaining = others.map((entry) => narrowed(entry, lost))

  // Both are objects, so the result is one.
  const merged = structuredClone(mergeApplied(live, applied, listTypeOf)) as ApiObject
  const givenUp = (mine ? fieldsOf(mine) : new PathSet())
    .without(wanted)
    .filter((path) => !wanted.hasAtOrBelow(path) && !remaining.some((entry) => fieldsOf(entry).hasAtOrBelow(path)))
  removeFields(merged, givenUp)
  const own = mine && jsonEqual(mine.fieldsV1, toFieldsV1(wanted)) ? mine : entryOf(context, manager, wanted)
  merged.metadata.managedFields = compact([...remaining, own])
  return merged
}

/** The managedFields of an object that an apply creates. */
export function firstOwner(context: WriteContext, applied: ApiObject): ManagedFieldsEntry[] {
  const wanted = ownedFields(applied, listTypesOf(context.target))
  return compact([entryOf(context, identityOf(context, 'Apply', ''), wanted)])
}

type Manager = Pick<ManagedFieldsEntry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

function identityOf({ options, target }: WriteContext, operation: 'Apply' | 'Update', subresource: string): Manager {
  return {
    manager: options.fieldManager,
    operation,
    apiVersion: apiVersion(target.resource.group, target.version.name),
    ...(subresource === '' ? {} : { subresource }),
  }
}

function isSameManager(entry: ManagedFieldsEntry, manager: Manager): boolean {
  return (
    entry.manager === manager.manager &&
    entry.operation === manager.operation &&
    entry.subresource === manager.subresource &&
    (entry.operation === 'Apply' || entry.apiVersion === manager.apiVersion)
  )
}

function fieldsOf(entry: ManagedFieldsEntry): PathSet {
  return fromFieldsV1(entry.fieldsV1)
}

function entryOf({ api }: WriteContext, manager: Manager, fields: PathSet): ManagedFieldsEntry {
  return { ...manager, time: toKubeTime(api.clock.now()), fieldsType: 'FieldsV1', fieldsV1: toFieldsV1(fields) }
}

function narrowed(entry: ManagedFieldsEntry, lost: PathSet): ManagedFieldsEntry {
  const before = fieldsOf(entry)
  const after = before.without(lost)
  return after.size === before.size ? entry : { ...entry, fieldsV1: toFieldsV1(after) }
}

function withFields(
  entries: readonly ManagedFieldsEntry[],
  manager: Manager,
  fields: PathSet,
  context: WriteContext,
): ManagedFieldsEntry[] {
  const own = entries.find((entry) => isSameManager(entry, manager))
  const all = own ? fieldsOf(own).union(fields) : fields
  return [...entries.filter((entry) => entry !== own), entryOf(context, manager, all)]
}

function compact(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return entries.filter(({ fieldsV1 }) => isJsonObject(fieldsV1) && Object.keys(fieldsV1).length > 0)
}

function beforeFirstApply(context: WriteContext, live: ApiObject): ManagedFieldsEntry[] {
  const manager: Manager = { ...identityOf(context, 'Update', ''), manager: 'before-first-apply' }
  return compact([entryOf(context, manager, ownedFields(live, listTypesOf(context.target)))])
}

function refuseConflicts(contested: readonly { entry: ManagedFieldsEntry; paths: PathSet }[]): void {
  const conflicts = contested.filter(({ paths }) => paths.size > 0)
  const total = conflicts.reduce((sum, { paths }) => sum + paths.size, 0)
  if (total === 0) return
  const messages = conflicts.map(({ entry, paths }) => {
    const fields = [...paths].map(printPath).sort()
    return fields.length === 1
      ? `conflict with ${printManager(entry)}: ${fields[0]}`
      : `conflicts with ${printManager(entry)}:\n- ${fields.join('\n- ')}`
  })
  throw new StatusError({
    message: `Apply failed with ${total} conflict${total === 1 ? '' : 's'}: ${messages.sort().join('\n')}`,
    reason: 'Conflict',
    details: {
      causes: conflicts.flatMap(({ entry, paths }) =>
        [...paths].map((path) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with ${printManager(entry)}`,
          field: printPath(path),
        })),
      ),
    },
    code: 409,
  })
}

function printManager({ manager, subresource, operation, apiVersion: version, time }: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(manager)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}`
  return operation === 'Update' ? `${name} using ${version}${time ? ` at ${time}` : ''}` : name
}
