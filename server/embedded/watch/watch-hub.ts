import { expired } from '../errors/status-error'
import type { LogEntry } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { Watcher, type WatcherOptions } from './watcher'

const bookmarkInterval = 60_000
/**
 * Milliseconds between two rounds to the watchers. The first change after a rest is told at once; in a storm, what comes
 * meanwhile goes out together, which costs one write per connection instead of one per change.
 */
const roundInterval = 5

/** Wakes watchers when something is committed. */
export class WatchHub {
  readonly #store: ObjectStore
  #untold: LogEntry[] = []
  #lastRound = 0
  #round: NodeJS.Timeout | undefined
  readonly #watchers = new Map<string, Set<Watcher>>()
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void

  constructor(store: ObjectStore) {
    this.#store = store
    this.#unsubscribe = store.onCommit((entries) => this.#committed(entries))
    this.#timer = setInterval(() => this.#each((watcher) => watcher.bookmark()), bookmarkInterval)
    this.#timer.unref()
  }

  /** How many watches are open. */
  get size(): number {
    let size = 0
    for (const watchers of this.#watchers.values()) size += watchers.size
    return size
  }

  watch(options: Omit<WatcherOptions, 'store' | 'onEnd'>): Watcher {
    const watchers = this.#watchers.get(options.resource) ?? new Set()
    this.#watchers.set(options.resource, watchers)
    const watcher = new Watcher({
      ...options,
      store: this.#store,
      onEnd: () => {
        watchers.delete(watcher)
        if (watchers.size === 0 && this.#watchers.get(options.resource) === watchers) {
          this.#watchers.delete(options.resource)
        }
      },
    })
    watchers.add(watcher)
    watcher.start()
    return watcher
  }

  /** Ends the watches of a resource that is no longer served. */
  drop(resource: string): void {
    this.#tell()
    for (const watcher of [...(this.#watchers.get(resource) ?? [])]) {
      watcher.fail(expired('the resource is no longer served'))
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
    this.#tell()
    this.#each((watcher) => watcher.end())
  }

  #each(act: (watcher: Watcher) => void): void {
    for (const watchers of [...this.#watchers.values()]) for (const watcher of [...watchers]) act(watcher)
  }

  #committed(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#untold.push(entry)
    const wait = this.#lastRound + roundInterval - performance.now()
    if (wait <= 0) this.#tell()
    else this.#round ??= setTimeout(() => this.#tell(), wait)
  }

  /** A watcher that has read some of these changes from the log itself passes over them. */
  #tell(): void {
    clearTimeout(this.#round)
    this.#round = undefined
    const entries = this.#untold
    if (entries.length === 0) return
    this.#untold = []
    this.#lastRound = performance.now()
    const upTo = entries.at(-1)?.revision ?? 0
    const byResource = new Map<string, LogEntry[]>()
    for (const entry of entries) {
      const known = byResource.get(entry.resource)
      if (known) known.push(entry)
      else byResource.set(entry.resource, [entry])
    }
    for (const [resource, watchers] of [...this.#watchers]) {
      const changes = byResource.get(resource) ?? []
      for (const watcher of [...watchers]) watcher.committed(changes, upTo)
    }
  }
}
