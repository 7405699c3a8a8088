import { parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { newest, RowMemory } from '../storage/row-memory'
import { fitsScopes, type ScopeFacts, type ScopeRequirement, scopeFactsOf } from './scopes'
import { addUsage, countedResource, measuredResources, type Usage, usageOf } from './usage'

/** What an object takes, and what scopes ask about it. */
interface Counted {
  usage: Usage
  facts: ScopeFacts | undefined
}

/** Counts what a namespace's objects take: a walk over an index and no parsing. */
export class NamespaceUsage {
  readonly #store: ObjectStore
  readonly #counted: RowMemory<Counted>

  constructor(store: ObjectStore) {
    this.#store = store
    this.#counted = new RowMemory(store, ({ resource, body }) => {
      const object = parseObject(body)
      return { usage: usageOf(resource, object), facts: scopeFactsOf(resource, object) }
    })
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
      const counted = this.#counted.of(revision)
      if (counted && fitsScopes(scopes, counted.facts)) addUsage(total, counted.usage)
    }
    return total
  }
}
