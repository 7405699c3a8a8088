import { jsonEqual } from '@/contract/json'
import type { CustomResourceDefinition } from '@/contract/kinds/core'
import type { Kind } from '@/contract/kinds/kind'
import type { BuiltInSchemas } from '../discovery/built-in-schemas'
import { strategyOf } from '../strategies/built-in'
import { isAccepted, servedFromDefinition } from './definition'
import { compareVersions, resourceName, type ServedResource, type Target } from './served-resource'

export interface ServedGroup {
  name: string
  /** By priority. */
  versions: string[]
}

/** What the API serves just now. Built-in kinds are fixed; custom ones follow their definitions. */
export class Registry {
  readonly #resources = new Map<string, ServedResource>()
  #targets = new Map<string, Target>()
  #revision = 0

  constructor(builtIn: readonly Kind[], schemas: BuiltInSchemas) {
    for (const kind of builtIn) this.#resources.set(resourceName(kind), servedFromKind(kind, schemas))
    this.#index()
  }

  /** Grows with every change, so that what is derived from the registry can be kept until then. */
  get revision(): number {
    return this.#revision
  }

  find(group: string, version: string, plural: string): Target | undefined {
    return this.#targets.get(`${group}/${version}/${plural}`)
  }

  /** By the store's name, e.g. `virtualmachines.kubevirt.io`. */
  byName(name: string): ServedResource | undefined {
    return this.#resources.get(name)
  }

  resources(): ServedResource[] {
    return [...this.#resources.values()]
  }

  /** Groups in the order they are listed: the core group is left out. */
  groups(): ServedGroup[] {
    const versions = new Map<string, Set<string>>()
    for (const { resource, version } of this.#targets.values()) {
      if (resource.group === '') continue
      const known = versions.get(resource.group) ?? new Set()
      versions.set(resource.group, known.add(version.name))
    }
    return [...versions]
      .map(([name, set]) => ({ name, versions: [...set].sort(compareVersions) }))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  targetsOf(group: string, version: string): Target[] {
    return [...this.#targets.values()].filter(
      (target) => target.resource.group === group && target.version.name === version,
    )
  }

  /** Serves a custom kind, or serves it as it now is. */
  define(definition: CustomResourceDefinition): void {
    // Another definition has its names: it waits until they are free.
    if (!isAccepted(definition) && definition.metadata.deletionTimestamp === undefined) return
    const resource = servedFromDefinition(definition)
    const before = this.#resources.get(resourceName(resource))
    if (before && hasSameSchemas(before, resource)) resource.definedAt = before.definedAt
    this.#resources.set(resourceName(resource), resource)
    this.#index()
  }

  /** Stops serving a custom kind. */
  undefine(name: string): void {
    this.#resources.delete(name)
    this.#index()
  }

  #index(): void {
    this.#targets = new Map()
    for (const resource of this.#resources.values()) {
      for (const version of resource.versions) {
        this.#targets.set(`${resource.group}/${version.name}/${resource.plural}`, { resource, version })
      }
    }
    this.#revision++
  }
}

/** Whether what was stored under one definition needs nothing under the other. */
function hasSameSchemas(before: ServedResource, after: ServedResource): boolean {
  return after.versions.every((version) => {
    const old = before.versions.find(({ name }) => name === version.name)
    return old !== undefined && jsonEqual(old.schema, version.schema)
  })
}

/** What Kubernetes lets field selectors name, kind by kind. */
const selectableFields: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  secrets: ['type'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
}

function selectableFieldsOf(name: string): readonly string[] {
  return selectableFields[name] ?? []
}

function servedFromKind(kind: Kind, schemas: BuiltInSchemas): ServedResource {
  return {
    ...kind,
    versions: (kind.servedVersions ?? [kind.version]).map((name) => ({
      name,
      deprecated: false,
      deprecationWarning: undefined,
      statusSubresource: kind.statusSubresource,
      columns: kind.columns,
      // Resolved when first asked for: most kinds are never written.
      get schema() {
        return schemas.schemaOfBuiltIn({ group: kind.group, version: name, kind: kind.kind })
      },
      compiled: undefined,
      get builtIn() {
        return schemas.typeOf({ group: kind.group, version: name, kind: kind.kind })
      },
      selectableFields: selectableFieldsOf(resourceName(kind)),
    })),
    storageVersion: kind.version,
    origin: 'built-in',
    strategy: strategyOf(kind),
    definedAt: 0,
    terminating: false,
  }
}
