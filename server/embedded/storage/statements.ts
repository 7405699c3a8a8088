import type Database from 'better-sqlite3'
import type { Labels } from '@/contract/selectors'

export interface LogRow {
  revision: number
  resource: number
  namespace: string
  name: string
  type: 'create' | 'update' | 'delete'
  previous: number
  labels: string | null
  sealed: number
  body: Buffer
}

export interface PointerRow {
  namespace: string
  name: string
  revision: number
  labels: string | null
}

export interface SnapshotParameters {
  resource: number
  namespace: string | null
  revision: number
  afterNamespace: string
  afterName: string
}

export interface AppendParameters {
  revision: number
  resource: number
  namespace: string
  name: string
  type: string
  previous: number
  writtenAt: number
  labels: string | null
  sealed: number
  body: Buffer
}

const columns = 'l.revision, l.resource, l.namespace, l.name, l.type, l.previous, l.labels, l.sealed, l.body'

/**
 * The state at a revision R: what is current and not newer than R, and for everything that changed since R the row that
 * the first such change replaced. Costs as much as changed since R, and nothing for R = now.
 */
const stateAt = `
  WITH changed AS (
    SELECT namespace, name, previous, min(revision) FROM object_log
    WHERE resource = @resource AND revision > @revision GROUP BY namespace, name
  ), state AS (
    SELECT namespace, name, revision FROM current WHERE resource = @resource AND revision <= @revision
      AND (@namespace IS NULL OR namespace = @namespace) AND (namespace, name) > (@afterNamespace, @afterName)
    UNION ALL
    SELECT namespace, name, previous FROM changed WHERE previous > 0
      AND (@namespace IS NULL OR namespace = @namespace) AND (namespace, name) > (@afterNamespace, @afterName)
  )`

/** Every statement the store runs, prepared once. */
export function prepareStatements(database: Database.Database) {
  const one = <P extends unknown[]>(sql: string) => database.prepare<P, number>(sql).pluck()
  return {
    resources: database.prepare<[], { id: number; name: string }>('SELECT id, name FROM resource'),
    addResource: database.prepare<[string]>('INSERT INTO resource (name) VALUES (?)'),
    lastRevision: one<[]>('SELECT max(revision) FROM object_log'),
    compacted: one<[]>(`SELECT value FROM meta WHERE key = 'compacted'`),
    pointer: one<[number, string, string]>(
      'SELECT revision FROM current WHERE resource = ? AND namespace = ? AND name = ?',
    ),
    get: database.prepare<[number, string, string], LogRow>(
      `SELECT ${columns} FROM current c JOIN object_log l ON l.revision = c.revision
       WHERE c.resource = ? AND c.namespace = ? AND c.name = ?`,
    ),
    row: database.prepare<[number], LogRow>(`SELECT ${columns} FROM object_log l WHERE l.revision = ?`),
    changes: database.prepare<[number, number, number], LogRow>(
      `SELECT ${columns} FROM object_log l WHERE l.resource = ? AND l.revision > ? ORDER BY l.revision LIMIT ?`,
    ),
    snapshot: database.prepare<[SnapshotParameters & { limit: number }], PointerRow>(
      `${stateAt}
       SELECT s.namespace, s.name, s.revision, l.labels FROM state s JOIN object_log l ON l.revision = s.revision
       ORDER BY s.namespace, s.name LIMIT @limit`,
    ),
    count: one<[SnapshotParameters]>(`${stateAt} SELECT count(*) FROM state`),
    writtenBefore: database.prepare<[number, number, number], { namespace: string; name: string }>(
      `SELECT c.namespace, c.name FROM current c JOIN object_log l ON l.revision = c.revision
       WHERE c.resource = ? AND l.written_at < ? LIMIT ?`,
    ),
    append: database.prepare<[AppendParameters]>(
      `INSERT INTO object_log (revision, resource, namespace, name, type, previous, written_at, labels, sealed, body)
       VALUES (@revision, @resource, @namespace, @name, @type, @previous, @writtenAt, @labels, @sealed, @body)`,
    ),
    point: database.prepare<[number, string, string, number]>(
      'INSERT OR REPLACE INTO current (resource, namespace, name, revision) VALUES (?, ?, ?, ?)',
    ),
    forget: database.prepare<[number, string, string]>(
      'DELETE FROM current WHERE resource = ? AND namespace = ? AND name = ?',
    ),
  }
}

export type Statements = ReturnType<typeof prepareStatements>

export function parseLabels(text: string | null): Labels | undefined {
  // Written by the store itself from a record of strings.
  return text === null ? undefined : (JSON.parse(text) as Labels)
}
