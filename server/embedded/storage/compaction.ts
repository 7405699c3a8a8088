import { setImmediate } from 'node:timers/promises'
import type Database from 'better-sqlite3'

export interface CompactionRange {
  /** Where the last compaction ended. */
  from: number
  to: number
  /** Told before the rows up to that revision go. */
  reached(revision: number): void
}

const step = 500

/**
 * Removes rows that were superseded, and delete rows themselves, up to a revision. What is current stays, and so does
 * everything needed to compute a state at or after `to`.
 */
export async function compactLog(database: Database.Database, { from, to, reached }: CompactionRange): Promise<void> {
  const superseded = database.prepare<[number, number]>(
    `DELETE FROM object_log WHERE revision IN
       (SELECT previous FROM object_log WHERE revision > ? AND revision <= ? AND previous > 0)`,
  )
  const deletions = database.prepare<[number, number]>(
    `DELETE FROM object_log WHERE revision > ? AND revision <= ? AND type = 'delete'`,
  )
  const remember = database.prepare<[number]>(`UPDATE meta SET value = ? WHERE key = 'compacted'`)
  for (let position = from; position < to; ) {
    const end = Math.min(position + step, to)
    reached(end)
    database.transaction(() => {
      superseded.run(position, end)
      deletions.run(position, end)
      remember.run(end)
    })()
    position = end
    await setImmediate()
    if (!database.open) return
  }
  if (to > from && database.open) database.pragma('incremental_vacuum(2000)')
}
