import type { LogEntry } from './log-entry'
import type { ObjectStore } from './object-store'

/** Reads past the last commit: inside a write's turn that is what the writes before it in the same batch left. */
export const newest = Number.MAX_SAFE_INTEGER

/** Beyond this many remembered rows, memory is given back. */
const rememberedLimit = 50_000

/**
 * What is made of rows of the log. A row never changes, so each is read and made something of once, and forgotten when
 * another one replaces it.
 */
export class RowMemory<T> {
  readonly #store: ObjectStore
  readonly #make: (entry: LogEntry) => T
  readonly #known = new Map<number, T>()

  constructor(store: ObjectStore, make: (entry: LogEntry) => T) {
    this.#store = store
    this.#make = make
    store.onCommit((entries) => {
      for (const { previous } of entries) this.#known.delete(previous)
    })
  }

  /** Undefined when there is no such row (any more). */
  of(revision: number): T | undefined {
    const known = this.#known.get(revision)
    if (known !== undefined) return known
    const entry = this.#store.entry(revision)
    if (!entry) return undefined
    const made = this.#make(entry)
    // A row of a batch that is not committed may yet be another one.
    if (revision <= this.#store.revision) {
      if (this.#known.size >= rememberedLimit) this.#known.clear()
      this.#known.set(revision, made)
    }
    return made
  }
}
