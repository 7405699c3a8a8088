import { setImmediate } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import type { Cipher } from './cipher'
import { keyCheckPlace } from './database'

interface SealedRow {
  revision: number
  resource: string
  namespace: string
  name: string
  body: Buffer
}

/** Rows per turn of the event loop. */
const step = 200

/** What binds a sealed body to its row. */
export function placeOf(row: Pick<SealedRow, 'resource' | 'namespace' | 'name' | 'revision'>): string {
  return `${row.resource}/${row.namespace}/${row.name}/${row.revision}`
}

/**
 * Brings everything sealed under the cipher's newest key. The key check comes last: a state whose check opens with the
 * newest key alone needs the older ones no more. Safe to break off and to begin again. Resolves to how many rows it
 * changed, or undefined when the database was closed on the way.
 */
export async function resealLog(database: Database.Database, cipher: Cipher): Promise<number | undefined> {
  const read = database.prepare<[number, number], SealedRow>(
    `SELECT l.revision, r.name AS resource, l.namespace, l.name, l.body
     FROM object_log l JOIN resource r ON r.id = l.resource
     WHERE l.sealed = 1 AND l.revision > ? ORDER BY l.revision LIMIT ?`,
  )
  const write = database.prepare<[Buffer, number]>('UPDATE object_log SET body = ? WHERE revision = ?')
  let changed = 0
  // What the old key opens must not stay behind in freed pages.
  database.pragma('secure_delete = ON')
  for (let position = 0; ; ) {
    const rows = read.all(position, step)
    const last = rows.at(-1)
    if (!last) break
    database.transaction(() => {
      for (const row of rows) {
        const body = cipher.reseal(row.body, placeOf(row))
        if (!body) continue
        write.run(body, row.revision)
        changed++
      }
    })()
    position = last.revision
    await setImmediate()
    if (!database.open) return undefined
  }
  resealCheck(database, cipher)
  if (changed > 0) database.pragma('wal_checkpoint(TRUNCATE)')
  database.pragma('secure_delete = OFF')
  return changed
}

function resealCheck(database: Database.Database, cipher: Cipher): void {
  const row = database.prepare<[], { value: Buffer }>(`SELECT value FROM meta WHERE key = 'key-check'`).get()
  const value = row && cipher.reseal(row.value, keyCheckPlace)
  if (value) database.prepare<[Buffer]>(`UPDATE meta SET value = ? WHERE key = 'key-check'`).run(value)
}
