import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { type Path, PathSet } from './field-paths'
import type { ListTypeOf } from './list-types'

/** Objects as trees of owned fields (Kubernetes documentation, "Server-Side Apply"). */

/** Fields that nobody owns: the server's, and what names the object. */
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

/** The paths of all values of an object that somebody can own. */
export function ownedFields(object: JsonObject, listTypeOf: ListTypeOf): PathSet {
  const set = new PathSet()
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  const meta = isJsonObject(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([field]) => !unownedMeta.has(field)))
    : {}
  const owned = Object.keys(meta).length > 0 ? { metadata: meta, ...rest } : rest
  if (Object.keys(owned).length > 0) collect(owned, { path: [], fields: [], listTypeOf, set })
  return set
}

interface Walk {
  path: Path
  /** The path's field names alone. */
  fields: readonly string[]
  listTypeOf: ListTypeOf
  set: PathSet
}

function collect(value: unknown, walk: Walk): void {
  const { path, fields, listTypeOf, set } = walk
  if (isJsonObject(value) && Object.keys(value).length > 0) {
    for (const [field, child] of Object.entries(value)) {
      if (child !== undefined) collect(child, { ...walk, path: [...path, `f:${field}`], fields: [...fields, field] })
    }
    return
  }
  const type = Array.isArray(value) ? listTypeOf(fields) : 'atomic'
  if (type === 'atomic' || !Array.isArray(value) || value.length === 0) {
    set.add(path)
    return
  }
  for (const element of value) {
    const step = stepOf(element, type)
    set.add([...path, step])
    if (type !== 'set') collect(element, { ...walk, path: [...path, step] })
  }
}

function stepOf(element: unknown, type: 'set' | readonly string[]): string {
  if (type === 'set' || !isJsonObject(element)) return `v:${JSON.stringify(element)}`
  return `k:${JSON.stringify(Object.fromEntries(type.map((key) => [key, element[key]])))}`
}

/** The value at a path; undefined where there is none. */
export function valueAt(object: unknown, path: Path): unknown {
  let value = object
  for (const step of path) {
    if (step.startsWith('f:')) value = isJsonObject(value) ? value[step.slice(2)] : undefined
    else value = Array.isArray(value) ? value.find((element) => matchesStep(element, step)) : undefined
  }
  return value
}

function matchesStep(element: unknown, step: string): boolean {
  // Steps are written by `stepOf` as JSON.
  const wanted: unknown = JSON.parse(step.slice(2))
  if (step.startsWith('v:')) return jsonEqual(element, wanted)
  return (
    isJsonObject(element) &&
    isJsonObject(wanted) &&
    Object.entries(wanted).every(([key, value]) => jsonEqual(element[key], value))
  )
}

/** `live` with everything `applied` says; what it does not mention stays. */
export function mergeApplied(live: unknown, applied: unknown, listTypeOf: ListTypeOf): unknown {
  return merge(live, applied, { fields: [], listTypeOf })
}

function merge(live: unknown, applied: unknown, at: { fields: readonly string[]; listTypeOf: ListTypeOf }): unknown {
  if (isJsonObject(applied)) {
    const result: JsonObject = isJsonObject(live) ? { ...live } : {}
    for (const [field, value] of Object.entries(applied)) {
      result[field] = merge(result[field], value, { ...at, fields: [...at.fields, field] })
    }
    return result
  }
  const type = Array.isArray(applied) ? at.listTypeOf(at.fields) : 'atomic'
  if (!Array.isArray(applied) || !Array.isArray(live) || type === 'atomic') return applied
  const result: unknown[] = [...live]
  for (const element of applied as unknown[]) {
    const step = stepOf(element, type)
    const position = result.findIndex((candidate) => matchesStep(candidate, step))
    if (position < 0) result.push(element)
    else if (type !== 'set') result[position] = merge(result[position], element, at)
  }
  return result
}

/** Removes what is at the paths; containers that become empty go, too. `object` is changed. */
export function removeFields(object: JsonObject, paths: PathSet): void {
  for (const path of [...paths].sort((left, right) => right.length - left.length)) removeAt(object, path)
}

function removeAt(value: unknown, path: Path): void {
  const [step, ...rest] = path
  if (step === undefined) return
  if (step.startsWith('f:') && isJsonObject(value)) {
    const field = step.slice(2)
    if (rest.length > 0) removeAt(value[field], rest)
    if (rest.length === 0 || isEmpty(value[field])) delete value[field]
  } else if (Array.isArray(value)) {
    const position = value.findIndex((element) => matchesStep(element, step))
    if (position < 0) return
    if (rest.length > 0) removeAt(value[position], rest)
    if (rest.length === 0 || isEmpty(value[position])) value.splice(position, 1)
  }
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0
}
