import { isJsonObject, type JsonObject } from '@/contract/json'
import { mergeKeyOfCoreList } from '@/contract/strategic-merge'
import type { Target } from '../registry/served-resource'

/** How a list merges: as one value, as a set of values, or by the fields that key its elements. */
export type ListType = 'atomic' | 'set' | readonly string[]

/**
 * What apply must know of the value at some place (Kubernetes documentation, "Server-Side Apply", merge strategy). Types
 * are made on demand while an object is walked.
 */
export interface FieldType {
  /** Whether an object here is one value. */
  atomicMap: boolean
  list: ListType
  /** The type of a field, and whether it is one that the schema names (and no key of a map). */
  field(name: string): { type: FieldType; named: boolean }
  item(): FieldType
  /** What a field of a list's element is when it is left out. */
  defaultOf(field: string): unknown
}

/** The type of a kind's objects: from its schema; built-in kinds without one from what is known of the core API. */
export function typeOfObjects({ resource, version }: Target): FieldType {
  if (!isJsonObject(version.schema)) return resource.origin === 'built-in' ? coreType([]) : schemaType(undefined)
  const root = schemaType(version.schema)
  return {
    ...root,
    field: (name) => (name === 'metadata' ? { type: coreType(['metadata']), named: true } : root.field(name)),
  }
}

function schemaType(node: JsonObject | undefined): FieldType {
  const properties = objectAt(node, 'properties')
  const others = objectAt(node, 'additionalProperties')
  return {
    atomicMap: node?.['x-kubernetes-map-type'] === 'atomic',
    list: listTypeOf(node),
    field(name) {
      const known = objectAt(properties, name)
      if (known) return { type: schemaType(known), named: true }
      return { type: schemaType(others), named: false }
    },
    item: () => schemaType(objectAt(node, 'items')),
    defaultOf: (field) => objectAt(objectAt(objectAt(node, 'items'), 'properties'), field)?.['default'],
  }
}

function objectAt(node: JsonObject | undefined, field: string): JsonObject | undefined {
  const value = node !== undefined && Object.hasOwn(node, field) ? node[field] : undefined
  return isJsonObject(value) ? value : undefined
}

function listTypeOf(node: JsonObject | undefined): ListType {
  const type = node?.['x-kubernetes-list-type']
  if (type === 'set') return 'set'
  const keys = node?.['x-kubernetes-list-map-keys']
  return type === 'map' && Array.isArray(keys) ? keys.map(String) : 'atomic'
}

/** Maps of the core API: their keys are no fields. */
const coreMaps = new Set([
  'metadata.labels',
  'metadata.annotations',
  'data',
  'binaryData',
  'stringData',
  'parameters',
  'spec.hard',
  'status.hard',
  'status.used',
  'spec.containers.resources.limits',
  'spec.containers.resources.requests',
  'spec.initContainers.resources.limits',
  'spec.initContainers.resources.requests',
  'spec.resources.limits',
  'spec.resources.requests',
  'spec.capacity',
  'spec.overhead',
  'status.capacity',
  'status.allocatable',
  'status.allocatedResources',
  'status.volumesAttached',
])

/** Structs and maps of the core API that one manager owns as a whole. */
const coreAtomicMaps = new Set([
  'spec.selector',
  'spec.nodeSelector',
  'spec.claimRef',
  'spec.dataSource',
  'spec.secretRef',
  'involvedObject',
  'related',
  'roleRef',
  'spec.nodeAffinity.required',
  'spec.containers.env.valueFrom.secretKeyRef',
  'spec.containers.env.valueFrom.configMapKeyRef',
  'spec.containers.env.valueFrom.fieldRef',
  'spec.containers.env.valueFrom.resourceFieldRef',
])

/** Keys of lists by more than the one field that strategic merge knows. */
const corePorts: Readonly<Record<string, readonly string[]>> = {
  'spec.ports': ['port', 'protocol'],
  'spec.containers.ports': ['containerPort', 'protocol'],
  'spec.initContainers.ports': ['containerPort', 'protocol'],
  'spec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
}

function coreType(path: readonly string[]): FieldType {
  const place = path.join('.')
  return {
    atomicMap: coreAtomicMaps.has(place),
    list: coreListType(place),
    field: (name) => ({ type: coreType([...path, name]), named: !coreMaps.has(place) }),
    item: () => coreType(path),
    defaultOf: (field) => (field === 'protocol' && place in corePorts ? 'TCP' : undefined),
  }
}

function coreListType(place: string): ListType {
  const keys = corePorts[place]
  if (keys) return keys
  const key = mergeKeyOfCoreList(place)
  return key === undefined ? 'atomic' : key === '' ? 'set' : [key]
}
