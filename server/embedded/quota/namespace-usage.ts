import type { JsonObject } from '@/contract/json'
import { type LogEntry, parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { isInScope, type ScopeRequirement } from './scopes'
import { addUsage, countedResource, measuredResources, type Usage, usageOf } from './usage'

/** Beyond this many remembered objects, memory is given back. */
const rememberedLimit = 50_000

/** Reads past the last commit: inside a write's turn that is what the writes before it in the same batch left. */
const newest = Number.MAX_SAFE_INTEGER

/**
 * Counts what a namespace's objects take. Rows of the log never change, so what one takes is computed once and kept by
 * its revision: a count costs a walk over an index and no parsing.
 */
export class NamespaceUsage {
  readonly #store: ObjectStore
  readonly #remembered = new Map<number, Usage>()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** What is taken of the named resources by the objects that are in the scopes. */
  of(namespace: string, names: readonly string[], scopes: readonly ScopeRequirement[]): Usage {
    const total: Usage = new Map()
    const resources = new Set(names.flatMap((name) => countedResource(name) ?? []))
    for (const resource of resources) addUsage(total, this.#ofResource(namespace, resource, scopes))
    return total
  }

  #ofResource(namespace: string, resource: string, scopes: readonly ScopeRequirement[]): Usage {
    const total: Usage = new Map()
    if (!measuredResources.has(resource)) {
      if (scopes.length > 0) return total
      const count = this.#store.count({ resource, namespace, revision: newest })
      for (const [name, { format }] of usageOf(resource, {})) {
        total.set(name, { nano: BigInt(count) * 1_000_000_000n, format })
      }
      return total
    }
    for (const { revision } of this.#store.snapshot({ resource, namespace, revision: newest })) {
      if (scopes.length === 0) addUsage(total, this.#ofRow(resource, revision))
      else {
        const object = this.#read(revision)
        if (object && isInScope(scopes, resource, object)) addUsage(total, this.#ofRow(resource, revision))
      }
    }
    return total
  }

  #ofRow(resource: string, revision: number): Usage {
    const known = this.#remembered.get(revision)
    if (known) return known
    const object = this.#read(revision)
    const usage = object ? usageOf(resource, object) : new Map()
    // A row of a batch that is not committed may yet be another one.
    if (revision <= this.#store.revision) {
      if (this.#remembered.size >= rememberedLimit) this.#remembered.clear()
      this.#remembered.set(revision, usage)
    }
    return usage
  }

  #read(revision: number): JsonObject | undefined {
    const entry: LogEntry | undefined = this.#store.entry(revision)
    return entry && parseObject(entry.body)
  }
}
