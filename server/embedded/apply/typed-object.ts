import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { FieldSet, type Path } from './field-set'
import type { FieldType } from './field-type'

/** Objects as trees of owned fields (Kubernetes documentation, "Server-Side Apply"). */

/** Fields of metadata that nobody owns: the server's, and what names the object. */
const unownedMeta = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
])

/** An object without the fields that nobody owns. */
function ownable(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  if (!isJsonObject(metadata)) return rest
  const meta = Object.fromEntries(Object.entries(metadata).filter(([field]) => !unownedMeta.has(field)))
  return { metadata: meta, ...rest }
}

/** What whoever applies an object owns of it. */
export function ownedFields(object: JsonObject, type: FieldType): FieldSet {
  const set = FieldSet.empty()
  collect(ownable(object), { path: [], type, set })
  return set.without(FieldSet.of([['f:metadata']]))
}

interface Collecting {
  path: Path
  type: FieldType
  set: FieldSet
}

function collect(value: unknown, { path, type, set }: Collecting): void {
  if (isJsonObject(value) && !type.atomicMap) {
    for (const [field, child] of Object.entries(value)) {
      if (child === undefined) continue
      const next = type.field(field)
      const below = [...path, `f:${field}`]
      collect(child, { path: below, type: next.type, set })
      if (child === null || isEmptyObject(child) || !next.named) set.add(below)
    }
    return
  }
  if (!Array.isArray(value) || type.list === 'atomic') {
    set.add(path)
    return
  }
  const item = type.item()
  for (const element of value) {
    const below = [...path, stepOf(element, type)]
    if (type.list !== 'set') collect(element, { path: below, type: item, set })
    set.add(below)
  }
}

/** The step to an element of a list that is a set or has keys. */
function stepOf(element: unknown, type: FieldType): string {
  if (type.list === 'set' || type.list === 'atomic' || !isJsonObject(element)) return `v:${JSON.stringify(element)}`
  const key = type.list.map((field): [string, unknown] => [field, element[field] ?? type.defaultOf(field)])
  return `k:${JSON.stringify(Object.fromEntries(key.sort(([left], [right]) => (left < right ? -1 : 1))))}`
}

export interface Comparison {
  added: FieldSet
  modified: FieldSet
  removed: FieldSet
}

/** What is different between two states of an object, of what somebody can own. */
export function compareObjects(before: JsonObject, after: JsonObject, type: FieldType): Comparison {
  const comparison = { added: FieldSet.empty(), modified: FieldSet.empty(), removed: FieldSet.empty() }
  compare({ before: ownable(before), after: ownable(after), path: [], type, comparison })
  const ignored = FieldSet.of([['f:metadata']])
  return {
    added: comparison.added.without(ignored),
    modified: comparison.modified,
    removed: comparison.removed.without(ignored),
  }
}

interface Comparing {
  before: unknown
  after: unknown
  path: Path
  type: FieldType
  comparison: Comparison
}

function compare(pair: Comparing): void {
  const { before, after, path, type, comparison } = pair
  if (before === undefined && after === undefined) return
  if (before === after) return
  if (!isLeaf(before, after, type)) {
    if (Array.isArray(before ?? after)) compareLists(pair)
    else compareMaps(pair)
    if (before === undefined) comparison.added.add(path)
    else if (after === undefined) comparison.removed.add(path)
    return
  }
  if (before === undefined) comparison.added.add(path)
  else if (after === undefined) comparison.removed.add(path)
  else if (!jsonEqual(before, after)) comparison.modified.add(path)
}

/** Whether two values are compared as one: unless both are objects or lists that merge, and one has something in it. */
function isLeaf(before: unknown, after: unknown, type: FieldType): boolean {
  const [left, right] = [before ?? undefined, after ?? undefined]
  const some = left ?? right
  if (isJsonObject(some)) {
    if (type.atomicMap || (right !== undefined && !isJsonObject(right))) return true
    return isNothing(left) && isNothing(right)
  }
  if (!Array.isArray(some) || type.list === 'atomic' || (right !== undefined && !Array.isArray(right))) return true
  return isNothing(left) && isNothing(right)
}

function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) ? value.length === 0 : isEmptyObject(value))
}

function compareMaps({ before, after, path, type, comparison }: Comparing): void {
  const [left, right] = [isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}]
  for (const field of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const own = (object: JsonObject): unknown => (Object.hasOwn(object, field) ? object[field] : undefined)
    compare({
      before: own(left),
      after: own(right),
      path: [...path, `f:${field}`],
      type: type.field(field).type,
      comparison,
    })
  }
}

function compareLists({ before, after, path, type, comparison }: Comparing): void {
  const [left, right] = [elementsOf(before, type), elementsOf(after, type)]
  const item = type.item()
  for (const step of new Set([...left.keys(), ...right.keys()])) {
    const place = [...path, step]
    const [old, next] = [left.get(step), right.get(step)]
    if (type.list === 'set' || !isJsonObject(old ?? next)) {
      if (old === undefined) comparison.added.add(place)
      else if (next === undefined) comparison.removed.add(place)
      continue
    }
    compare({ before: old, after: next, path: place, type: item, comparison })
  }
}

function elementsOf(value: unknown, type: FieldType): Map<string, unknown> {
  const elements: unknown[] = Array.isArray(value) ? value : []
  return new Map(elements.map((element) => [stepOf(element, type), element]))
}

/** `live` with everything `applied` says; what it does not mention stays. */
export function mergeApplied(live: unknown, applied: unknown, type: FieldType): unknown {
  if (isJsonObject(applied)) {
    if (type.atomicMap) return applied
    const result: JsonObject = isJsonObject(live) ? { ...live } : {}
    for (const [field, value] of Object.entries(applied)) {
      result[field] = mergeApplied(result[field], value, type.field(field).type)
    }
    return result
  }
  if (!Array.isArray(applied) || !Array.isArray(live) || type.list === 'atomic') return applied
  return mergeLists(live, applied, type)
}

/** What was there keeps its place; what is new comes after it. */
function mergeLists(live: readonly unknown[], applied: readonly unknown[], type: FieldType): unknown[] {
  const result: unknown[] = [...live]
  const steps = result.map((element) => stepOf(element, type))
  for (const element of applied) {
    const step = stepOf(element, type)
    const position = steps.indexOf(step)
    if (position < 0) {
      result.push(element)
      steps.push(step)
    } else if (type.list !== 'set') result[position] = mergeApplied(result[position], element, type.item())
  }
  return result
}

/** Removes what is at the paths; containers that become empty go, too. `object` is changed. */
export function removeFields(object: JsonObject, paths: FieldSet, type: FieldType): void {
  for (const path of paths.paths().sort((left, right) => left.length - right.length)) removeAt(object, path, type)
}

function removeAt(value: unknown, path: Path, type: FieldType): void {
  const [step, ...rest] = path
  if (step === undefined) return
  if (step.startsWith('f:')) {
    if (isJsonObject(value)) removeField(value, { field: step.slice(2), rest, type })
  } else if (Array.isArray(value)) removeElement(value, { step, rest, type })
}

function removeField(object: JsonObject, { field, rest, type }: { field: string; rest: Path; type: FieldType }): void {
  if (!Object.hasOwn(object, field)) return
  if (rest.length > 0) removeAt(object[field], rest, type.field(field).type)
  if (rest.length === 0 || isNothing(object[field])) delete object[field]
}

function removeElement(list: unknown[], { step, rest, type }: { step: string; rest: Path; type: FieldType }): void {
  const position = list.findIndex((element) => stepOf(element, type) === step)
  if (position < 0) return
  // While an element stays, so does what tells it from the others.
  if (rest.length === 1 && Array.isArray(type.list) && type.list.includes(rest[0]?.slice(2))) return
  if (rest.length > 0) removeAt(list[position], rest, type.item())
  if (rest.length === 0 || isNothing(list[position])) list.splice(position, 1)
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}
