import type Database from 'better-sqlite3'
import type { Change, Decision } from './change'
import type { LogEntry } from './log-entry'

export interface GroupCommitSteps {
  /** The last committed revision. */
  revision(): number
  append(change: Change, revision: number): LogEntry
  /** Called once per batch, after it is on the disk and before the writers hear of it. */
  committed(entries: readonly LogEntry[]): void
  /** Called when a batch could not be written and nothing of it is there. */
  failed(): void
}

interface Pending {
  decide: (revision: number) => Decision<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** Bounds how long one batch keeps the event loop. */
const batchSize = 256

/**
 * Collects the writes of one turn of the event loop and commits them in one transaction: one fsync for all of them, and
 * nobody is told before it. Each write decides against the state that the ones before it left.
 */
export class GroupCommit {
  readonly #steps: GroupCommitSteps
  readonly #begin: Database.Statement
  readonly #commit: Database.Statement
  readonly #rollback: Database.Statement
  #queue: Pending[] = []
  #scheduled = false
  #closed = false

  constructor(database: Database.Database, steps: GroupCommitSteps) {
    this.#steps = steps
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
  }

  write<T>(decide: (revision: number) => Decision<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the cluster state is closed'))
    return new Promise<T>((resolve, reject) => {
      // The value that comes back is the one this very `decide` returned.
      this.#queue.push({ decide, resolve: (value) => resolve(value as T), reject })
      this.#schedule()
    })
  }

  close(): void {
    this.#closed = true
    while (this.#queue.length > 0) this.#flush()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#queue.length === 0) return
      this.#flush()
      if (this.#queue.length > 0) this.#schedule()
    })
  }

  #flush(): void {
    const batch = this.#queue.splice(0, batchSize)
    const entries: LogEntry[] = []
    const answers: (() => void)[] = []
    try {
      this.#begin.run()
      for (const pending of batch) {
        const decision = attempt(pending, this.#steps.revision() + entries.length + 1)
        if ('error' in decision) {
          answers.push(() => pending.reject(decision.error))
          continue
        }
        if (decision.change) {
          entries.push(this.#steps.append(decision.change, this.#steps.revision() + entries.length + 1))
        }
        answers.push(() => pending.resolve(decision.value))
      }
      ;(entries.length > 0 ? this.#commit : this.#rollback).run()
    } catch (error) {
      this.#undo()
      this.#steps.failed()
      for (const pending of batch) pending.reject(error)
      return
    }
    this.#steps.committed(entries)
    for (const answer of answers) answer()
  }

  #undo(): void {
    try {
      this.#rollback.run()
    } catch {
      // SQLite had already rolled back by itself, as it does when the disk is full: there is nothing left to undo.
      return
    }
  }
}

function attempt(pending: Pending, revision: number): Decision<unknown> | { error: unknown } {
  try {
    return pending.decide(revision)
  } catch (error) {
    return { error }
  }
}
