import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject, ManagedFieldsEntry } from '../api-object'
import { toKubeTime } from '../clock'
import { apiVersion } from '../registry/served-resource'
import type { WriteContext } from '../write/write-context'
import { type Contested, conflictError } from './apply-conflicts'
import { FieldSet } from './field-set'
import { type FieldType, typeOfObjects } from './field-type'
import { compareObjects, mergeApplied, ownedFields, removeFields } from './typed-object'

/**
 * Who owns which fields, recorded from an object's create on. An object whose owners were forgotten (a client wrote an
 * empty list) carries nothing until somebody applies it; what was there then belongs to `before-first-apply`.
 */

export interface TrackedWrite {
  context: WriteContext
  object: ApiObject
  /** Absent for a create. */
  old: ApiObject | undefined
  subresource: string
}

/** More ordinary writers than this share one entry for their oldest changes, as in kube-apiserver. */
const updateEntryLimit = 10

/** Records an ordinary write: what it changed belongs to its manager now. Changes the object's managedFields. */
export function trackWrite({ context, object, old, subresource }: TrackedWrite): void {
  const sent = subresource === '' ? object.metadata.managedFields : undefined
  const known = sent?.some(isEntry) ? sent.filter(isEntry) : (old?.metadata.managedFields ?? [])
  // An empty list is how a client gives up all ownership.
  const reset = old !== undefined && sent !== undefined && sent.every((entry) => Object.keys(entry).length === 0)
  if (old && (known.length === 0 || reset)) {
    delete object.metadata.managedFields
    return
  }
  const type = typeOfObjects(context.target)
  const { added, modified, removed } = compareObjects(old ?? emptyObject(context), object, type)
  const changed = added.union(modified)
  if (changed.isEmpty && removed.isEmpty) {
    setEntries(object, known)
    return
  }
  const manager = identityOf(context, 'Update', subresource)
  const owners = known.map((entry): Owner => {
    const fields = FieldSet.fromFieldsV1(entry.fieldsV1)
    return {
      entry,
      fields: fields.without(removed).without(isSameManager(entry, manager) ? FieldSet.empty() : changed),
    }
  })
  if (!changed.isEmpty) own(owners, { manager, context, fields: changed })
  setEntries(object, encode(owners))
}

export interface Application {
  force: boolean
  subresource: string
}

/** What an apply makes of an object, managedFields included. Throws 409 for fields that others own and see differently. */
export function applyTo(context: WriteContext, live: ApiObject, applied: ApiObject, options: Application): ApiObject {
  const { force, subresource } = options
  const type = typeOfObjects(context.target)
  const manager = identityOf(context, 'Apply', subresource)
  const entries = live.metadata.managedFields ?? beforeFirstApply(context, live, type)
  const wanted = ownedFields(applied, type)
  const mine = entries.find((entry) => isSameManager(entry, manager))
  const others = entries
    .filter((entry) => entry !== mine)
    .map((entry): Owner => ({ entry, fields: FieldSet.fromFieldsV1(entry.fieldsV1) }))

  // Both are objects, so the result is one.
  const merged = structuredClone(mergeApplied(live, applied, type)) as ApiObject
  const before = mine ? FieldSet.fromFieldsV1(mine.fieldsV1) : FieldSet.empty()
  const givenUp = before.without(wanted)
  const abandoned = givenUp
    .paths()
    .filter((path) => !wanted.hasAtOrBelow(path) && !others.some(({ fields }) => fields.hasAtOrBelow(path)))
  removeFields(merged, FieldSet.of(abandoned), type)

  const { added, modified, removed } = compareObjects(live, merged, type)
  const changed = added.union(modified)
  const contested = others
    .map(({ entry, fields }): Contested => ({ entry, fields: fields.intersection(changed) }))
    .filter(({ fields }) => !fields.isEmpty)
  if (!force) refuseConflicts(context, { contested, live, type })
  const remaining = others.map(
    ({ entry, fields }): Owner => ({ entry, fields: fields.without(changed).without(removed) }),
  )
  const unchanged = mine && before.equals(wanted)
  const own: Owner = { entry: unchanged ? mine : newEntry(context, manager), fields: wanted }
  setEntries(merged, encode([...remaining, own]))
  return merged
}

/** The managedFields of an object that an apply creates. */
export function firstOwner(context: WriteContext, applied: ApiObject): ManagedFieldsEntry[] {
  const fields = ownedFields(applied, typeOfObjects(context.target))
  return encode([{ entry: newEntry(context, identityOf(context, 'Apply', '')), fields }])
}

type Manager = Pick<ManagedFieldsEntry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

interface Owner {
  entry: ManagedFieldsEntry
  fields: FieldSet
}

/** Clients may send anything. */
function isEntry(entry: ManagedFieldsEntry): boolean {
  if (!isJsonObject(entry)) return false
  return (entry.operation === 'Apply' || entry.operation === 'Update') && isJsonObject(entry.fieldsV1)
}

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
    (entry.subresource ?? '') === (manager.subresource ?? '') &&
    (entry.operation === 'Apply' || entry.apiVersion === manager.apiVersion)
  )
}

function newEntry({ api }: WriteContext, manager: Manager): ManagedFieldsEntry {
  const { manager: name, operation, apiVersion: version, subresource } = manager
  return {
    ...(name === undefined ? {} : { manager: name }),
    ...(operation === undefined ? {} : { operation }),
    ...(version === undefined ? {} : { apiVersion: version }),
    time: toKubeTime(api.clock.now()),
    fieldsType: 'FieldsV1',
    fieldsV1: {},
    ...(subresource === undefined ? {} : { subresource }),
  }
}

/** Gives fields to an ordinary writer; its entry is as new as its last gain. */
function own(
  owners: Owner[],
  { manager, context, fields }: { manager: Manager; context: WriteContext; fields: FieldSet },
) {
  const position = owners.findIndex(({ entry }) => isSameManager(entry, manager))
  const known = owners[position]
  const all = known ? known.fields.union(fields) : fields
  if (known?.fields.equals(all)) return
  if (known) owners.splice(position, 1)
  owners.push({ entry: newEntry(context, manager), fields: all })
}

/** Entries in Kubernetes' order: who applies first, then by time and name; those that own nothing are left out. */
function encode(owners: readonly Owner[]): ManagedFieldsEntry[] {
  const kept = owners.filter(({ fields }) => !fields.isEmpty)
  return capped(kept)
    .map(({ entry, fields }) => ({ ...entry, fieldsV1: fields.toFieldsV1() }))
    .sort((left, right) => (orderOf(left) < orderOf(right) ? -1 : 1))
}

function orderOf({ operation, time, manager, apiVersion: version, subresource }: ManagedFieldsEntry): string {
  return [operation, time, manager, version, subresource].map((part) => part ?? '').join('\n')
}

/** The oldest of too many ordinary writers become one per version. */
function capped(owners: readonly Owner[]): Owner[] {
  const updates = owners
    .filter(({ entry }) => entry.operation === 'Update')
    .sort((left, right) => (orderOf(left.entry) < orderOf(right.entry) ? -1 : 1))
  if (updates.length <= updateEntryLimit) return [...owners]
  const old = updates.slice(0, updates.length - updateEntryLimit + 1)
  const ancient = new Map<string, Owner>()
  for (const { entry, fields } of old) {
    const version = entry.apiVersion ?? ''
    const known = ancient.get(version)
    const { subresource: _subresource, ...rest } = entry
    ancient.set(version, {
      entry: { ...rest, manager: 'ancient-changes' },
      fields: known ? known.fields.union(fields) : fields,
    })
  }
  return [...owners.filter((owner) => !old.includes(owner)), ...ancient.values()]
}

function setEntries(object: ApiObject, entries: readonly ManagedFieldsEntry[]): void {
  if (entries.length > 0) object.metadata.managedFields = [...entries]
  else delete object.metadata.managedFields
}

/** What a create is compared with: built-in kinds have these parts even when nothing is in them. */
function emptyObject({ target }: WriteContext): JsonObject {
  if (target.resource.origin === 'custom') return { metadata: {} }
  return { metadata: {}, spec: {}, status: {} }
}

function beforeFirstApply(context: WriteContext, live: ApiObject, type: FieldType): ManagedFieldsEntry[] {
  const manager: Manager = { ...identityOf(context, 'Update', ''), manager: 'before-first-apply' }
  return encode([{ entry: newEntry(context, manager), fields: ownedFields(live, type) }])
}

interface Dispute {
  contested: readonly Contested[]
  live: ApiObject
  type: FieldType
}

/**
 * Refuses an apply that changes what others own. `kubectl` may change what it applied itself before applies happened on
 * the server: its annotation tells.
 */
function refuseConflicts({ options }: WriteContext, { contested, live, type }: Dispute): void {
  const own = options.fieldManager === 'kubectl' ? lastAppliedFields(live, type) : FieldSet.empty()
  const refused = contested
    .map(({ entry, fields }) => ({ entry, fields: fields.without(own) }))
    .filter(({ fields }) => !fields.isEmpty)
  if (refused.length > 0) throw conflictError(refused)
}

function lastAppliedFields(live: ApiObject, type: FieldType): FieldSet {
  const text = live.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']
  if (text === undefined) return FieldSet.empty()
  let applied: unknown
  try {
    applied = JSON.parse(text)
  } catch (error) {
    // The annotation is anybody's to write: what is no JSON allows nothing.
    if (error instanceof SyntaxError) return FieldSet.empty()
    throw error
  }
  if (!isJsonObject(applied)) return FieldSet.empty()
  const { added, modified, removed } = compareObjects(applied, live, type)
  return ownedFields(applied, type).without(added).without(modified).without(removed)
}
