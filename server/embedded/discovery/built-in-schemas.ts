import type { JsonObject } from '@/contract/json'
import type { ServedResource } from '../registry/served-resource'
import { resourceName } from '../registry/served-resource'

/** What `kubectl explain` shows of the built-in kinds: their own fields, one level deep. */

const text = (description: string): JsonObject => ({ type: 'string', description })
const map = (description: string): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
})
const part = (description: string): JsonObject => ({
  type: 'object',
  description,
  'x-kubernetes-preserve-unknown-fields': true,
})
const list = (description: string, items: JsonObject = part('')): JsonObject => ({ type: 'array', description, items })

export const objectMetaSchema: JsonObject = {
  type: 'object',
  description: 'ObjectMeta is metadata that all persisted resources must have.',
  properties: {
    name: text('Name must be unique within a namespace.'),
    generateName: text('A prefix from which the server makes a unique name when there is none.'),
    namespace: text('The space within which the name must be unique.'),
    uid: text('Unique in time and space. Set by the server.'),
    resourceVersion: text('The version of this object. Opaque. Set by the server.'),
    generation: { type: 'integer', format: 'int64', description: 'Counts the changes of the desired state.' },
    creationTimestamp: { ...text('When the object was created. Set by the server.'), format: 'date-time' },
    deletionTimestamp: { ...text('When the object is to end. Set by the server.'), format: 'date-time' },
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64', description: 'Seconds given to end in order.' },
    labels: map('Keys and values by which objects are organised and selected.'),
    annotations: map('Keys and values of any kind, for tools.'),
    finalizers: { ...list('Must be empty before the object goes.', { type: 'string' }) },
    ownerReferences: list('Objects this one depends on; when all are gone, it goes too.'),
    managedFields: list('Which manager set which fields.'),
  },
}

const schemas: Readonly<Record<string, { description: string; properties: JsonObject }>> = {
  namespaces: {
    description: 'Namespace provides a scope for names.',
    properties: { spec: part('The finalizers.'), status: part('The phase.') },
  },
  nodes: {
    description: 'Node is a host that runs machines.',
    properties: { spec: part('Taints and schedulability.'), status: part('Capacity, conditions and addresses.') },
  },
  pods: {
    description: 'Pod mirrors the process of a machine.',
    properties: { spec: part('Containers and placement.'), status: part('Phase and conditions.') },
  },
  persistentvolumeclaims: {
    description: 'PersistentVolumeClaim is a request for storage.',
    properties: { spec: part('The wanted volume.'), status: part('The bound volume.') },
  },
  persistentvolumes: {
    description: 'PersistentVolume is a piece of storage.',
    properties: { spec: part('Size, modes and where it is.'), status: part('The phase.') },
  },
  secrets: {
    description: 'Secret holds data that must not be read by everyone. Encrypted at rest.',
    properties: {
      type: text('Says what the data is for.'),
      data: map('The data, base64.'),
      stringData: map('Write only: becomes part of data.'),
      immutable: { type: 'boolean', description: 'Whether data may no longer change.' },
    },
  },
  configmaps: {
    description: 'ConfigMap holds configuration data.',
    properties: {
      data: map('The data, as text.'),
      binaryData: map('The data, base64.'),
      immutable: { type: 'boolean', description: 'Whether data may no longer change.' },
    },
  },
  events: {
    description: 'Event is a report of something that happened to an object. Kept for an hour.',
    properties: {
      involvedObject: part('What it is about.'),
      reason: text('In one word, for machines.'),
      message: text('For people.'),
      type: text('Normal or Warning.'),
      count: { type: 'integer', description: 'How often it happened.' },
      firstTimestamp: text('When first.'),
      lastTimestamp: text('When last.'),
      source: part('Who reports it.'),
    },
  },
  serviceaccounts: {
    description: 'ServiceAccount is an identity for processes.',
    properties: { secrets: list('Its secrets.') },
  },
  'storageclasses.storage.k8s.io': {
    description: 'StorageClass describes a way to make volumes.',
    properties: {
      provisioner: text('Who makes them.'),
      parameters: map('For the provisioner.'),
      reclaimPolicy: text('Delete or Retain.'),
      volumeBindingMode: text('Immediate or WaitForFirstConsumer.'),
      allowVolumeExpansion: { type: 'boolean', description: 'Whether volumes may grow.' },
    },
  },
  'leases.coordination.k8s.io': {
    description: 'Lease says who leads.',
    properties: { spec: part('Holder and times.') },
  },
  'controllerrevisions.apps': {
    description: 'ControllerRevision is a snapshot of state.',
    properties: { data: part('The state.'), revision: { type: 'integer', description: 'The number of the snapshot.' } },
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    description: 'CustomResourceDefinition brings a kind of object to the API.',
    properties: { spec: part('Names, scope and versions.'), status: part('Whether it is served.') },
  },
}

export function schemaOfBuiltIn(resource: ServedResource): JsonObject {
  return { type: 'object', ...(schemas[resourceName(resource)] ?? { description: resource.kind }) }
}
