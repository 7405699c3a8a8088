/** One small JSON document that the console keeps for itself: a session, a local user, an API token, a profile. */
export interface StoredRecord {
  key: string
  /** JSON; whoever reads it parses it with a schema, since an older or newer version may have written it. */
  value: unknown
  /** Changes with every write; compared for equality only. */
  revision: string
}

/** Someone else wrote the record since it was read; read it again and decide anew. */
export class RecordConflict extends Error {
  constructor(readonly key: string) {
    super(`the record ${key} has changed meanwhile`)
    this.name = 'RecordConflict'
  }
}

/**
 * Records of one kind. Reads answer from memory, since every request asks for its session; what another replica wrote is
 * there within a moment. Keys are `[a-z0-9][a-z0-9.-]{0,126}`.
 */
export interface RecordCollection {
  get(key: string): StoredRecord | undefined
  all(): readonly StoredRecord[]
  /**
   * Resolves when the record is durable. With `revision` only if that is still the current one (`null`: if there is none
   * yet), otherwise rejects with RecordConflict.
   */
  put(key: string, value: unknown, options?: { revision?: string | null }): Promise<StoredRecord>
  /** Resolves when the record is durably gone, also when there was none. */
  delete(key: string): Promise<void>
  /** Called after every change, whoever made it, with the key. Returns a function that ends it. */
  onChange(listener: (key: string) => void): () => void
}

/** Where the console keeps its own records: files under the home, or Secrets of the cluster it is deployed in. */
export interface RecordStore {
  /** Opens a collection (`sessions`, `users`, …), the same one for the same name. Rejects when it cannot be read. */
  open(collection: string): Promise<RecordCollection>
  close(): Promise<void>
}
