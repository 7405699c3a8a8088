import { isJsonObject, type JsonObject, jsonEqual } from './json'

/**
 * Strategic merge patch (Kubernetes documentation, "Update API Objects in Place Using kubectl patch"): as a merge patch,
 * but lists whose elements have a key merge by that key, and directives say what a merge patch cannot.
 */

/** The patch is not one. The message is for people. */
export class StrategicMergeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StrategicMergeError'
  }
}

/** The key by which a list's elements are told apart; `''` merges a list of plain values as a set. */
export type MergeKeys = (path: string) => string | undefined

/** Merge keys of the core kinds by the list's path, without indices; the fields of a pod count wherever a pod's template stands. */
const coreMergeKeys: Readonly<Record<string, string>> = {
  'metadata.finalizers': '',
  'metadata.ownerReferences': 'uid',
  'spec.finalizers': '',
  'spec.containers': 'name',
  'spec.initContainers': 'name',
  'spec.ephemeralContainers': 'name',
  'spec.containers.env': 'name',
  'spec.containers.ports': 'containerPort',
  'spec.containers.volumeMounts': 'mountPath',
  'spec.containers.volumeDevices': 'devicePath',
  'spec.volumes': 'name',
  'spec.imagePullSecrets': 'name',
  'spec.hostAliases': 'ip',
  'spec.topologySpreadConstraints': 'topologyKey',
  'spec.schedulingGates': 'name',
  'spec.ports': 'port',
  'spec.podCIDRs': '',
  'status.conditions': 'type',
  'status.addresses': 'type',
  'status.podIPs': 'ip',
  'status.hostIPs': 'ip',
  secrets: 'name',
  imagePullSecrets: 'name',
}

export const mergeKeyOfCoreList: MergeKeys = (path) => coreMergeKeys[path]

/** Applies a patch to an object. Inputs are left as they are. Throws a StrategicMergeError. */
export function applyStrategicMerge(
  target: unknown,
  patch: unknown,
  mergeKeys: MergeKeys = mergeKeyOfCoreList,
): JsonObject {
  if (!isJsonObject(patch)) throw new StrategicMergeError('the patch is not an object')
  return mergeObjects(isJsonObject(target) ? target : {}, patch, '', mergeKeys)
}

function mergeObjects(target: JsonObject, patch: JsonObject, path: string, mergeKeys: MergeKeys): JsonObject {
  const directive = patch['$patch']
  if (directive === 'replace') return withoutDirectives(patch)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') {
    throw new StrategicMergeError(`Unknown patch type: ${JSON.stringify(directive)}`)
  }
  const result: JsonObject = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) dropFromList(result, key, value)
    if (isDirective(key)) continue
    const childPath = path === '' ? key : `${path}.${key}`
    if (value === null) delete result[key]
    else result[key] = mergeValue(result[key], value, childPath, mergeKeys)
  }
  orderLists(result, patch, path, mergeKeys)
  const retained = patch['$retainKeys']
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key]
  }
  return result
}

const directivePattern = /^\$(patch$|retainKeys$|setElementOrder\/|deleteFromPrimitiveList\/)/

function isDirective(key: string): boolean {
  return directivePattern.test(key)
}

function dropFromList(result: JsonObject, directive: string, values: unknown): void {
  const name = directive.slice('$deleteFromPrimitiveList/'.length)
  const list = result[name]
  if (!Array.isArray(list) || !Array.isArray(values)) return
  result[name] = list.filter((entry) => !values.some((gone) => jsonEqual(gone, entry)))
}

function mergeValue(target: unknown, patch: unknown, path: string, mergeKeys: MergeKeys): unknown {
  if (isJsonObject(patch)) return mergeObjects(isJsonObject(target) ? target : {}, patch, path, mergeKeys)
  if (!Array.isArray(patch)) return patch
  const key = mergeKeys(path)
  const list: unknown[] = Array.isArray(target) ? target : []
  if (key === undefined) return patch.map((entry: unknown) => (isJsonObject(entry) ? withoutDirectives(entry) : entry))
  if (key === '') return [...list, ...patch.filter((entry) => !list.some((old) => jsonEqual(old, entry)))]
  return mergeLists({ list, patch, key, path, mergeKeys })
}

interface ListMerge {
  list: readonly unknown[]
  patch: readonly unknown[]
  key: string
  path: string
  mergeKeys: MergeKeys
}

function mergeLists({ list, patch, key, path, mergeKeys }: ListMerge): unknown[] {
  if (patch.some((entry) => isJsonObject(entry) && entry['$patch'] === 'replace')) {
    return patch.filter((entry) => !(isJsonObject(entry) && entry['$patch'] === 'replace'))
  }
  let result = [...list]
  for (const entry of patch) {
    if (!isJsonObject(entry)) throw new StrategicMergeError(`expected objects in the list ${path}`)
    const value = entry[key]
    if (value === undefined) {
      throw new StrategicMergeError(`map: ${JSON.stringify(entry)} does not contain declared merge key: ${key}`)
    }
    const position = result.findIndex((old) => isJsonObject(old) && jsonEqual(old[key], value))
    if (entry['$patch'] === 'delete') result = result.filter((_, index) => index !== position)
    else if (position < 0) result.push(withoutDirectives(entry))
    else {
      const old = result[position]
      result[position] = mergeObjects(isJsonObject(old) ? old : {}, entry, path, mergeKeys)
    }
  }
  return result
}

/** `$setElementOrder/<list>`: the named elements in that order; others keep their place relative to what stood before them. */
function orderLists(result: JsonObject, patch: JsonObject, path: string, mergeKeys: MergeKeys): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith('$setElementOrder/') || !Array.isArray(order)) continue
    const name = directive.slice('$setElementOrder/'.length)
    const list = result[name]
    if (!Array.isArray(list)) continue
    const key = mergeKeys(path === '' ? name : `${path}.${name}`) ?? ''
    const identity = (entry: unknown) => JSON.stringify(key !== '' && isJsonObject(entry) ? entry[key] : entry)
    const wanted = order.map(identity)
    const named = list.filter((entry) => wanted.includes(identity(entry)))
    named.sort((left, right) => wanted.indexOf(identity(left)) - wanted.indexOf(identity(right)))
    const others = list.filter((entry) => !wanted.includes(identity(entry)))
    result[name] = [...named, ...others]
  }
}

function withoutDirectives(value: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, entry] of Object.entries(value)) {
    if (isDirective(key) || entry === null) continue
    result[key] = isJsonObject(entry) ? withoutDirectives(entry) : entry
  }
  return result
}
