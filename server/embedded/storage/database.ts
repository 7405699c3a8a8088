import Database from 'better-sqlite3'
import type { Cipher } from './cipher'

/**
 * One append-only log: a row per change, its number is the resourceVersion. `current` points at each live object's last
 * row. A row's `previous` is the row it replaced (0 for a create), which makes every older state computable until
 * compaction. Migrations only ever get longer; the position reached is the database's `user_version`.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE resource (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE object_log (
    revision INTEGER PRIMARY KEY,
    resource INTEGER NOT NULL REFERENCES resource (id),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('create', 'update', 'delete')),
    previous INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    labels TEXT,
    sealed INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  CREATE INDEX object_log_by_resource ON object_log (resource, revision);
  CREATE TABLE current (
    resource INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) WITHOUT ROWID;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('compacted', 0);
  `,
]

const keyCheck = 'chiave cluster state'
export const keyCheckPlace = 'key-check'

/**
 * Opens or creates the cluster's state. Throws an Error in one sentence when a newer version wrote it or the key is
 * not the one it was written with.
 */
export function openDatabase(path: string, cipher: Cipher): Database.Database {
  const database = new Database(path)
  try {
    // Only while it is empty does this one take effect; it lets compaction give pages back.
    database.pragma('auto_vacuum = INCREMENTAL')
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('busy_timeout = 5000')
    database.pragma('cache_size = -32768')
    // Pages: each checkpoint is a pause for everybody, and most pages are written again before a later one.
    database.pragma('wal_autocheckpoint = 4000')
    migrate(database)
    checkKey(database, cipher)
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

function migrate(database: Database.Database): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > migrations.length) {
    throw new Error(
      `The cluster state has schema version ${version}, but this Chiave knows only ${migrations.length}: start a newer one.`,
    )
  }
  database.transaction(() => {
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue
      database.exec(sql)
      database.pragma(`user_version = ${index + 1}`)
    }
  })()
}

function checkKey(database: Database.Database, cipher: Cipher): void {
  const row = database.prepare<[], { value: Buffer }>(`SELECT value FROM meta WHERE key = 'key-check'`).get()
  if (!row) {
    const sealed = cipher.seal(Buffer.from(keyCheck), keyCheckPlace)
    database.prepare(`INSERT INTO meta VALUES ('key-check', ?)`).run(sealed)
    return
  }
  try {
    cipher.open(row.value, keyCheckPlace)
  } catch (error) {
    throw new Error('The cluster state was encrypted with another key than the one given.', { cause: error })
  }
}
