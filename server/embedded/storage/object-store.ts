import type Database from 'better-sqlite3'
import type { Change, Decision } from './change'
import type { Cipher } from './cipher'
import { compactLog } from './compaction'
import { openDatabase } from './database'
import { GroupCommit } from './group-commit'
import type { LogEntry, ObjectKey, Pointer } from './log-entry'
import { placeOf, resealLog } from './reseal'
import { type LogRow, parseLabels, prepareStatements, type Statements } from './statements'

export interface ObjectStoreOptions {
  path: string
  cipher: Cipher
  /** Resources whose bodies are encrypted. */
  sealed: ReadonlySet<string>
  /** Milliseconds since the epoch. */
  now: () => number
}

export interface SnapshotQuery {
  resource: string
  namespace?: string | undefined
  /** Default: now. Must not be older than `compacted`. */
  revision?: number
  /** Only objects after this one. */
  after?: { namespace: string; name: string } | undefined
  limit?: number | undefined
}

/**
 * The cluster's objects: an append-only log in SQLite with a single writer. Reads see committed state only and are
 * synchronous; writes are grouped, one transaction for all that came in one turn of the event loop.
 */
export class ObjectStore {
  readonly #database: Database.Database
  readonly #statements: Statements
  readonly #options: ObjectStoreOptions
  readonly #commits: GroupCommit
  readonly #listeners = new Set<(entries: readonly LogEntry[]) => void>()
  readonly #resourceIds = new Map<string, number>()
  readonly #resourceNames = new Map<number, string>()
  readonly #pins = new Map<symbol, number>()
  #revision: number
  #compacted: number

  constructor(options: ObjectStoreOptions) {
    this.#options = options
    this.#database = openDatabase(options.path, options.cipher)
    this.#statements = prepareStatements(this.#database)
    this.#readResources()
    this.#compacted = this.#statements.compacted.get() ?? 0
    this.#revision = Math.max(this.#statements.lastRevision.get() ?? 0, this.#compacted)
    this.#commits = new GroupCommit(this.#database, {
      revision: () => this.#revision,
      append: (change, revision) => this.#append(change, revision),
      committed: (entries) => this.#committed(entries),
      failed: () => this.#readResources(),
    })
  }

  /** The last committed revision. */
  get revision(): number {
    return this.#revision
  }

  /** States before this revision are gone. */
  get compacted(): number {
    return this.#compacted
  }

  get(key: ObjectKey): LogEntry | undefined {
    const resource = this.#resourceIds.get(key.resource)
    if (resource === undefined) return undefined
    const row = this.#statements.get.get(resource, key.namespace, key.name)
    return row && this.#entry(row)
  }

  /** The revision at which an object was last written; undefined when there is none. */
  revisionOf(key: ObjectKey): number | undefined {
    const resource = this.#resourceIds.get(key.resource)
    return resource === undefined ? undefined : this.#statements.pointer.get(resource, key.namespace, key.name)
  }

  /** A row of the log; absent when compaction took it. */
  entry(revision: number): LogEntry | undefined {
    const row = this.#statements.row.get(revision)
    return row && this.#entry(row)
  }

  /** The objects of a resource at one revision, ordered by namespace and name. */
  snapshot(query: SnapshotQuery): Pointer[] {
    const resource = this.#resourceIds.get(query.resource)
    if (resource === undefined) return []
    const rows = this.#statements.snapshot.all({
      resource,
      namespace: query.namespace ?? null,
      revision: query.revision ?? this.#revision,
      afterNamespace: query.after?.namespace ?? '',
      afterName: query.after?.name ?? '',
      limit: query.limit ?? -1,
    })
    return rows.map((row) => ({ ...row, labels: parseLabels(row.labels) }))
  }

  count(query: SnapshotQuery): number {
    const resource = this.#resourceIds.get(query.resource)
    if (resource === undefined) return 0
    return (
      this.#statements.count.get({
        resource,
        namespace: query.namespace ?? null,
        revision: query.revision ?? this.#revision,
        afterNamespace: query.after?.namespace ?? '',
        afterName: query.after?.name ?? '',
      }) ?? 0
    )
  }

  /** The changes of a resource after a revision, oldest first. */
  changes(resource: string, after: number, limit: number): LogEntry[] {
    const id = this.#resourceIds.get(resource)
    if (id === undefined) return []
    return this.#statements.changes.all(id, after, limit).map((row) => this.#entry(row))
  }

  /** Objects of a resource that were last written before a time in milliseconds. */
  writtenBefore(resource: string, time: number, limit: number): { namespace: string; name: string }[] {
    const id = this.#resourceIds.get(resource)
    return id === undefined ? [] : this.#statements.writtenBefore.all(id, time, limit)
  }

  /**
   * Queues a write. `decide` runs alone against the newest state and gets the revision its change will have; what it
   * throws is the caller's rejection and changes nothing. Resolves when the change is on the disk.
   */
  write<T>(decide: (revision: number) => Decision<T>): Promise<T> {
    return this.#commits.write(decide)
  }

  /** Tells each committed batch, in order, in the turn that committed it. */
  onCommit(listener: (entries: readonly LogEntry[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Keeps compaction from going beyond a revision until released. */
  pin(revision: number): () => void {
    const pin = Symbol('pin')
    this.#pins.set(pin, revision)
    return () => this.#pins.delete(pin)
  }

  /** Forgets superseded states up to a revision, a few hundred rows per turn of the event loop. */
  async compact(target: number): Promise<void> {
    const floor = Math.min(target, ...this.#pins.values())
    await compactLog(this.#database, {
      from: this.#compacted,
      to: floor,
      // Readers must refuse a revision before its rows go.
      reached: (revision) => {
        this.#compacted = revision
      },
    })
  }

  /**
   * Brings all that is encrypted under the cipher's newest key, a few hundred rows per turn of the event loop. When it
   * resolves to a number, the older keys are needed no more.
   */
  reseal(): Promise<number | undefined> {
    return resealLog(this.#database, this.#options.cipher)
  }

  /** Commits what is queued and closes the file. */
  close(): void {
    this.#commits.close()
    this.#listeners.clear()
    this.#database.close()
  }

  #append(change: Change, revision: number): LogEntry {
    const { key } = change
    const resource = this.#resourceId(key.resource)
    const previous = this.#statements.pointer.get(resource, key.namespace, key.name) ?? 0
    const type = change.type === 'delete' ? 'delete' : previous === 0 ? 'create' : 'update'
    const sealed = this.#options.sealed.has(key.resource)
    this.#statements.append.run({
      revision,
      resource,
      namespace: key.namespace,
      name: key.name,
      type,
      previous,
      writtenAt: this.#options.now(),
      labels: change.labels && Object.keys(change.labels).length > 0 ? JSON.stringify(change.labels) : null,
      sealed: sealed ? 1 : 0,
      body: sealed ? this.#options.cipher.seal(change.body, placeOf({ ...key, revision })) : change.body,
    })
    if (type === 'delete') this.#statements.forget.run(resource, key.namespace, key.name)
    else this.#statements.point.run(resource, key.namespace, key.name, revision)
    return { ...key, revision, type, previous, labels: change.labels, body: change.body }
  }

  #committed(entries: readonly LogEntry[]): void {
    const last = entries.at(-1)
    if (!last) return
    this.#revision = last.revision
    for (const listener of this.#listeners) listener(entries)
  }

  #entry(row: LogRow): LogEntry {
    const key = { resource: this.#resourceNames.get(row.resource) ?? '', namespace: row.namespace, name: row.name }
    return {
      ...key,
      revision: row.revision,
      type: row.type,
      previous: row.previous,
      labels: parseLabels(row.labels),
      body: row.sealed ? this.#options.cipher.open(row.body, placeOf({ ...key, revision: row.revision })) : row.body,
    }
  }

  #resourceId(name: string): number {
    const known = this.#resourceIds.get(name)
    if (known !== undefined) return known
    const id = Number(this.#statements.addResource.run(name).lastInsertRowid)
    this.#rememberResource(id, name)
    return id
  }

  #readResources(): void {
    this.#resourceIds.clear()
    this.#resourceNames.clear()
    for (const { id, name } of this.#statements.resources.all()) this.#rememberResource(id, name)
  }

  #rememberResource(id: number, name: string): void {
    this.#resourceIds.set(name, id)
    this.#resourceNames.set(id, name)
  }
}
