import {
  type CustomResourceDefinition,
  customResourceDefinitionKind,
  eventKind,
  leaseKind,
} from '@/contract/kinds/core'
import { defineKind, type Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { type Informer, startInformer } from '@/server/cluster/informer'
import type { Engine } from '../engine'

export interface MonitoredResource {
  kind: Kind
  informer: Informer<KubeObject>
}

export interface ResourceMonitor {
  /** Everything that is served and listed so far. */
  resources(): MonitoredResource[]
  /** Finds the resource of a group and kind, whatever version is named; `undefined` when none is served. */
  find(group: string, kind: string): MonitoredResource | undefined
  /** Calls for every object that changes, comes or goes, and for those that are there already. */
  subscribe(onChange: (kind: Kind, object: KubeObject) => void): void
  /** Resolves when every kind known now is listed. */
  synced(): Promise<void>
}

export interface MonitorOptions {
  /** Kinds that are served for good, whatever becomes of their definitions; their informers are shared. */
  alwaysServed: readonly Kind[]
  signal: AbortSignal
}

/** Neither has owners or dependents, and both change all the time. */
const ignored: ReadonlySet<string> = new Set([eventKind.plural, leaseKind.plural])

/** Holds an informer for every kind the server has: those served for good, and those that come and go as definitions do. */
export function startResourceMonitor(engine: Engine, options: MonitorOptions): ResourceMonitor {
  const { informers } = engine
  const monitored = new Map<string, MonitoredResource & { stop?: AbortController }>()
  const listeners = new Set<(kind: Kind, object: KubeObject) => void>()
  const announce = (kind: Kind, object: KubeObject) => {
    for (const listener of listeners) listener(kind, object)
  }
  const keyOf = (kind: Pick<Kind, 'group' | 'kind'>) => `${kind.kind}.${kind.group}`

  function add(kind: Kind, informer: Informer<KubeObject>, stop?: AbortController) {
    informer.subscribe(({ object }) => announce(kind, object))
    for (const object of informer.list()) announce(kind, object)
    monitored.set(keyOf(kind), { kind, informer, ...(stop ? { stop } : {}) })
  }

  function followDefinition(definition: CustomResourceDefinition) {
    const kind = kindOf(definition)
    if (!kind || monitored.has(keyOf(kind))) return
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, options.signal])
    const { client, clock, log } = engine
    add(kind, startInformer(kind, { client, clock, log, signal }), stop)
  }

  function forgetDefinition(definition: CustomResourceDefinition) {
    const { group, names } = definition.spec
    const key = keyOf({ group, kind: names.kind })
    monitored.get(key)?.stop?.abort()
    monitored.delete(key)
  }

  for (const kind of options.alwaysServed) if (!ignored.has(kind.plural)) add(kind, informers.of(kind))
  const definitions = informers.of(customResourceDefinitionKind)
  definitions.subscribe(({ type, object }) => {
    if (type === 'DELETED') forgetDefinition(object)
    else followDefinition(object)
  })

  return {
    resources: () => [...monitored.values()],
    find: (group, kind) => monitored.get(keyOf({ group, kind })),
    subscribe(onChange) {
      listeners.add(onChange)
      for (const { kind, informer } of monitored.values()) for (const object of informer.list()) onChange(kind, object)
    },
    async synced() {
      await definitions.synced
      for (const definition of definitions.list()) followDefinition(definition)
      await Promise.all([...monitored.values()].map(({ informer }) => informer.synced))
    },
  }
}

function kindOf({ spec }: CustomResourceDefinition): Kind | undefined {
  const version =
    spec.versions.find(({ storage, served }) => storage && served) ?? spec.versions.find(({ served }) => served)
  if (!version) return undefined
  return defineKind({
    group: spec.group,
    version: version.name,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === 'Namespaced',
    statusSubresource: version.subresources?.status !== undefined,
  })
}
