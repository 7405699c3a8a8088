import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '@/server/cluster/log'
import { type RecordCollection, RecordConflict, type RecordStore, type StoredRecord } from './record-store'

export interface FileRecordStoreOptions {
  /** One directory per collection below it; made with mode 0700 when absent. */
  directory: string
  log: Log
}

const fileSchema = z.object({ revision: z.string().min(1), value: z.unknown() })
const suffix = '.json'
const keyPattern = /^[a-z0-9][a-z0-9.-]{0,126}$/
const collectionPattern = /^[a-z][a-z0-9-]{0,62}$/

/**
 * Records as one file each (0600), replaced as a whole: written beside, synced, renamed, and the directory synced. A crash
 * leaves the old record or the new one, never half of either. One process has a directory at a time.
 */
export function createFileRecordStore({ directory, log }: FileRecordStoreOptions): RecordStore {
  const collections = new Map<string, Promise<FileCollection>>()
  let closed = false

  return {
    open(name) {
      if (closed) return Promise.reject(new Error('the record store is closed'))
      if (!collectionPattern.test(name)) return Promise.reject(new Error(`"${name}" is no name of a collection`))
      const known = collections.get(name)
      if (known) return known
      const opening = openCollection(join(directory, name), log)
      collections.set(name, opening)
      // A failure is told to everyone who waits for it, but the next call tries again.
      opening.catch(() => collections.delete(name))
      return opening
    },
    async close() {
      closed = true
      // What could not be opened has nothing to close, and its opener knows.
      const opened = await Promise.allSettled(collections.values())
      await Promise.all(opened.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)))
    },
  }
}

interface FileCollection extends RecordCollection {
  /** Resolves when what was begun is done; nothing can be written afterwards. */
  close(): Promise<void>
}

async function openCollection(directory: string, log: Log): Promise<FileCollection> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const records = await readRecords(directory, log)
  const listeners = new Set<(key: string) => void>()
  const turns = new Map<string, Promise<unknown>>()
  let closed = false

  /** Writes of one key come one after the other, so that a condition is checked on what it is made on. */
  function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new Error('the record store is closed'))
    if (!keyPattern.test(key)) return Promise.reject(new Error(`"${key}" is no key of a record`))
    // Whoever had the turn before has been told of its failure.
    const turn = (turns.get(key) ?? Promise.resolve()).catch(() => undefined).then(work)
    turns.set(key, turn)
    const settle = () => {
      if (turns.get(key) === turn) turns.delete(key)
    }
    turn.then(settle, settle)
    return turn
  }

  function tell(key: string): void {
    for (const listener of listeners) {
      try {
        listener(key)
      } catch (error) {
        log.error({ err: error, directory }, 'a listener of the records failed')
      }
    }
  }

  return {
    get: (key) => records.get(key),
    all: () => [...records.values()],
    put: (key, value, options = {}) =>
      inTurn(key, async () => {
        const { revision: wanted } = options
        if (wanted !== undefined && wanted !== (records.get(key)?.revision ?? null)) throw new RecordConflict(key)
        const content = JSON.stringify({ revision: randomUUID(), value })
        await writeWhole(directory, key, content)
        const record = parseRecord(key, content)
        records.set(key, record)
        tell(key)
        return record
      }),
    delete: (key) =>
      inTurn(key, async () => {
        if (!records.has(key)) return
        await rm(join(directory, `${key}${suffix}`), { force: true })
        await syncDirectory(directory)
        records.delete(key)
        tell(key)
      }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      await Promise.allSettled(turns.values())
    },
  }
}

async function readRecords(directory: string, log: Log): Promise<Map<string, StoredRecord>> {
  const records = new Map<string, StoredRecord>()
  for (const file of await readdir(directory)) {
    const path = join(directory, file)
    const key = file.slice(0, -suffix.length)
    if (file.endsWith('.tmp')) {
      // A write that a crash broke off: nobody was told that it succeeded.
      await rm(path, { force: true })
    } else if (file.endsWith(suffix) && keyPattern.test(key)) {
      const content = await readFile(path, 'utf8')
      try {
        records.set(key, parseRecord(key, content))
      } catch (error) {
        log.error({ err: error, path }, 'a record is damaged and is set aside')
        await rename(path, `${path}.damaged`)
      }
    }
  }
  return records
}

function parseRecord(key: string, content: string): StoredRecord {
  const { revision, value } = fileSchema.parse(JSON.parse(content))
  return Object.freeze({ key, value, revision })
}

async function writeWhole(directory: string, key: string, content: string): Promise<void> {
  const path = join(directory, `${key}${suffix}`)
  // Not a record's name, so that no key can be another one's temporary file.
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(directory)
}

/** A renamed or removed file is durable when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
