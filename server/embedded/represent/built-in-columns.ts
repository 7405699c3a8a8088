import { isJsonObject, type JsonObject } from '@/contract/json'
import type { BuiltInColumn } from './built-in-column'
import { signingRequestColumns } from './certificate-columns'
import { ageOf } from './duration'
import { podCells } from './pod-cells'
import { policyTables } from './policy-columns'
import { roleBindingColumns, roleColumns } from './rbac-columns'

/** Reads a dotted path; undefined where something is missing. */
export function at(object: unknown, path: string): unknown {
  let value: unknown = object
  for (const step of path.split('.')) value = isJsonObject(value) ? value[step] : undefined
  return value
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function count(value: unknown): number {
  return isJsonObject(value) ? Object.keys(value).length : list(value).length
}

function show(value: unknown): string {
  return value === undefined || value === null || value === '' ? '<none>' : String(value)
}

const name: BuiltInColumn = { name: 'Name', cell: (object) => at(object, 'metadata.name') }
const age: BuiltInColumn = {
  name: 'Age',
  cell: (object, now) => ageOf(at(object, 'metadata.creationTimestamp'), now),
}
const field = (label: string, path: string, extra: Partial<BuiltInColumn> = {}): BuiltInColumn => ({
  name: label,
  cell: (object) => at(object, path),
  ...extra,
})
const wide = { priority: 1 } as const

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

function modes(value: unknown): string {
  return list(value)
    .map((mode) => shortModes[String(mode)] ?? String(mode))
    .join(',')
}

function phase(object: JsonObject): unknown {
  return at(object, 'metadata.deletionTimestamp') === undefined ? at(object, 'status.phase') : 'Terminating'
}

function nodeStatus(object: JsonObject): string {
  const conditions = list(at(object, 'status.conditions')).filter(isJsonObject)
  const ready = conditions.find((condition) => condition['type'] === 'Ready')
  const words = [ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady']
  if (at(object, 'spec.unschedulable') === true) words.push('SchedulingDisabled')
  return words.join(',')
}

function nodeRoles(object: JsonObject): string {
  const labels = at(object, 'metadata.labels')
  const prefix = 'node-role.kubernetes.io/'
  const roles = isJsonObject(labels) ? Object.keys(labels).filter((key) => key.startsWith(prefix)) : []
  return roles.length === 0
    ? '<none>'
    : roles
        .map((key) => key.slice(prefix.length))
        .sort()
        .join(',')
}

function nodeAddress(object: JsonObject, type: string): string {
  const found = list(at(object, 'status.addresses')).find((entry) => isJsonObject(entry) && entry['type'] === type)
  return show(isJsonObject(found) ? found['address'] : undefined)
}

const nodes: BuiltInColumn[] = [
  name,
  { name: 'Status', cell: nodeStatus },
  { name: 'Roles', cell: nodeRoles },
  age,
  field('Version', 'status.nodeInfo.kubeletVersion'),
  { name: 'Internal-IP', ...wide, cell: (object) => nodeAddress(object, 'InternalIP') },
  { name: 'External-IP', ...wide, cell: (object) => nodeAddress(object, 'ExternalIP') },
  field('OS-Image', 'status.nodeInfo.osImage', wide),
  field('Kernel-Version', 'status.nodeInfo.kernelVersion', wide),
  field('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', wide),
]

const persistentVolumeClaims: BuiltInColumn[] = [
  name,
  { name: 'Status', cell: phase },
  field('Volume', 'spec.volumeName'),
  {
    name: 'Capacity',
    cell: (object) => (at(object, 'spec.volumeName') ? at(object, 'status.capacity.storage') : undefined) ?? '',
  },
  {
    name: 'Access Modes',
    cell: (object) => (at(object, 'spec.volumeName') ? modes(at(object, 'status.accessModes')) : ''),
  },
  { name: 'StorageClass', cell: (object) => at(object, 'spec.storageClassName') ?? '' },
  {
    name: 'VolumeAttributesClass',
    cell: (object) => show(undefinedIfMissing(at(object, 'spec.volumeAttributesClassName'), '<unset>')),
  },
  age,
  { name: 'VolumeMode', ...wide, cell: (object) => show(at(object, 'spec.volumeMode')) },
]

function undefinedIfMissing(value: unknown, instead: string): unknown {
  return value === undefined || value === null || value === '' ? instead : value
}

const persistentVolumes: BuiltInColumn[] = [
  name,
  field('Capacity', 'spec.capacity.storage'),
  { name: 'Access Modes', cell: (object) => modes(at(object, 'spec.accessModes')) },
  field('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'),
  { name: 'Status', cell: phase },
  {
    name: 'Claim',
    cell: (object) => {
      const claim = at(object, 'spec.claimRef')
      return isJsonObject(claim) ? `${String(claim['namespace'])}/${String(claim['name'])}` : ''
    },
  },
  { name: 'StorageClass', cell: (object) => at(object, 'spec.storageClassName') ?? '' },
  {
    name: 'VolumeAttributesClass',
    cell: (object) => show(undefinedIfMissing(at(object, 'spec.volumeAttributesClassName'), '<unset>')),
  },
  { name: 'Reason', cell: (object) => at(object, 'status.reason') ?? '' },
  age,
  { name: 'VolumeMode', ...wide, cell: (object) => show(at(object, 'spec.volumeMode')) },
]

function eventTime(object: JsonObject, now: Date): string {
  const last = at(object, 'lastTimestamp') ?? at(object, 'eventTime') ?? at(object, 'metadata.creationTimestamp')
  const text = ageOf(last, now)
  const times = at(object, 'count')
  return typeof times === 'number' && times > 1 ? `${text} (x${times} over ${firstSeen(object, now)})` : text
}

function firstSeen(object: JsonObject, now: Date): string {
  return ageOf(at(object, 'firstTimestamp') ?? at(object, 'eventTime') ?? at(object, 'metadata.creationTimestamp'), now)
}

const events: BuiltInColumn[] = [
  { name: 'Last Seen', cell: eventTime },
  field('Type', 'type'),
  field('Reason', 'reason'),
  {
    name: 'Object',
    cell: (object) =>
      `${String(at(object, 'involvedObject.kind') ?? '').toLowerCase()}/${String(at(object, 'involvedObject.name') ?? '')}`,
  },
  field('Subobject', 'involvedObject.fieldPath', wide),
  {
    name: 'Source',
    ...wide,
    cell: (object) =>
      [at(object, 'source.component') ?? at(object, 'reportingComponent'), at(object, 'source.host')]
        .filter(Boolean)
        .join(', '),
  },
  { name: 'Message', cell: (object) => String(at(object, 'message') ?? '').trim() },
  { name: 'First Seen', ...wide, cell: firstSeen },
  { name: 'Count', type: 'integer', ...wide, cell: (object) => at(object, 'count') ?? 1 },
  { ...name, ...wide },
]

const storageClasses: BuiltInColumn[] = [
  {
    name: 'Name',
    cell: (object) => {
      const annotations = at(object, 'metadata.annotations')
      const isDefault =
        isJsonObject(annotations) && annotations['storageclass.kubernetes.io/is-default-class'] === 'true'
      return `${String(at(object, 'metadata.name'))}${isDefault ? ' (default)' : ''}`
    },
  },
  field('Provisioner', 'provisioner'),
  { name: 'ReclaimPolicy', cell: (object) => at(object, 'reclaimPolicy') ?? 'Delete' },
  { name: 'VolumeBindingMode', cell: (object) => at(object, 'volumeBindingMode') ?? 'Immediate' },
  { name: 'AllowVolumeExpansion', type: 'boolean', cell: (object) => at(object, 'allowVolumeExpansion') === true },
  age,
]

function controllerOf(object: JsonObject): string {
  const owner = list(at(object, 'metadata.ownerReferences')).find(
    (reference) => isJsonObject(reference) && reference['controller'] === true,
  )
  if (!isJsonObject(owner)) return '<none>'
  const group = String(owner['apiVersion'] ?? '').split('/')
  return `${String(owner['kind']).toLowerCase()}${group.length > 1 ? `.${group[0]}` : ''}/${String(owner['name'])}`
}

const tables: Readonly<Record<string, BuiltInColumn[]>> = {
  ...policyTables({ name, age }),
  pods: podCells,
  nodes,
  events,
  namespaces: [name, field('Status', 'status.phase'), age],
  persistentvolumeclaims: persistentVolumeClaims,
  persistentvolumes: persistentVolumes,
  secrets: [
    name,
    field('Type', 'type'),
    { name: 'Data', type: 'integer', cell: (object) => count(object['data']) },
    age,
  ],
  configmaps: [
    name,
    { name: 'Data', type: 'integer', cell: (object) => count(object['data']) + count(object['binaryData']) },
    age,
  ],
  serviceaccounts: [name, { name: 'Secrets', type: 'integer', cell: (object) => count(object['secrets']) }, age],
  'storageclasses.storage.k8s.io': storageClasses,
  'leases.coordination.k8s.io': [
    name,
    { name: 'Holder', cell: (object) => at(object, 'spec.holderIdentity') ?? '' },
    age,
  ],
  'controllerrevisions.apps': [
    name,
    { name: 'Controller', cell: controllerOf },
    field('Revision', 'revision', { type: 'integer' }),
    age,
  ],
  'certificatesigningrequests.certificates.k8s.io': signingRequestColumns,
  'roles.rbac.authorization.k8s.io': roleColumns,
  'clusterroles.rbac.authorization.k8s.io': roleColumns,
  'rolebindings.rbac.authorization.k8s.io': roleBindingColumns,
  'clusterrolebindings.rbac.authorization.k8s.io': roleBindingColumns,
  'customresourcedefinitions.apiextensions.k8s.io': [
    name,
    field('Created At', 'metadata.creationTimestamp', { type: 'date' }),
  ],
}

/** The columns of a built-in kind by its store name; name and age for a kind without a table of its own. */
export function builtInColumns(resource: string): BuiltInColumn[] {
  return tables[resource] ?? [name, age]
}
