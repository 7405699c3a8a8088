import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Identity } from '@/server/cluster/connection'

/** What a way of signing in found out about someone. */
export interface SignedInPerson {
  user: string
  groups: readonly string[]
  /** With whose rights the person's calls reach the clusters. */
  identity: Identity
}

export interface Session extends SignedInPerson {
  /** Names the session without opening it. */
  readonly idHash: string
  /** Sent back as `x-chiave-csrf` by our own pages, which no other origin can read. */
  readonly csrfToken: string
  /** Milliseconds since the epoch: when the session ends if nothing more is done. */
  expiresAt(): number
  /** Aborts when the session ends, however it ends. */
  readonly ended: AbortSignal
  /** Its person did something: the idle time starts anew. */
  touch(): void
}

export interface SessionStoreOptions {
  /** Holds `sessions.json`; made 0700 when absent. */
  directory: string
  log: Logger
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Default 8 hours. */
  idleMs?: number
  /** Default 7 days. */
  absoluteMs?: number
}

export interface SessionStore {
  /** Resolves when the session is on disk; `id` is the secret for the cookie and is kept nowhere else. */
  create(person: SignedInPerson): Promise<{ id: string; session: Session }>
  find(id: string): Session | undefined
  /** Resolves when the end is on disk. */
  revoke(idHash: string): Promise<void>
  /** Ends every session whose time is up; called regularly by the store itself. */
  sweep(): void
  close(): Promise<void>
}

const identitySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('self') }),
  z.object({ type: z.literal('person'), user: z.string(), groups: z.array(z.string()) }),
  z.object({ type: z.literal('token'), token: z.string() }),
])
const recordSchema = z.object({
  idHash: z.string().regex(/^[0-9a-f]{64}$/),
  user: z.string(),
  groups: z.array(z.string()),
  identity: identitySchema,
  createdAt: z.number(),
  lastSeenAt: z.number(),
})
const fileSchema = z.object({ version: z.literal(1), sessions: z.array(recordSchema) })

type SessionRecord = z.infer<typeof recordSchema>

interface Entry {
  record: SessionRecord
  ended: AbortController
}

const hour = 60 * 60 * 1000
const sweepIntervalMs = 15_000
/** How much idle time a crash may give back: activity is written this seldom. */
const touchGranularityMs = 60_000
const maxSessions = 1_000

/**
 * Sessions as opaque random ids, of which only the SHA-256 is stored, in one small file that is replaced as a whole. No
 * native module, so that a console for a remote cluster starts anywhere. They survive restarts and can be revoked.
 */
export async function createSessionStore(options: SessionStoreOptions): Promise<SessionStore> {
  const { directory, log } = options
  const clock = options.clock ?? Date.now
  const idleMs = options.idleMs ?? 8 * hour
  const absoluteMs = options.absoluteMs ?? 7 * 24 * hour
  const path = join(directory, 'sessions.json')
  await mkdir(directory, { recursive: true, mode: 0o700 })

  const entries = new Map<string, Entry>()
  for (const record of await readSessions(path, log)) {
    entries.set(record.idHash, { record, ended: new AbortController() })
  }
  const save = createSaver(path, () => [...entries.values()].map(({ record }) => record))

  const endOf = ({ createdAt, lastSeenAt }: SessionRecord) => Math.min(lastSeenAt + idleMs, createdAt + absoluteMs)

  function end(entry: Entry): void {
    entries.delete(entry.record.idHash)
    entry.ended.abort()
  }

  /** For changes that nobody waits for; what is lost by a failure is a little idle time or a dead session's record. */
  function saveLater(): void {
    save().catch((error: unknown) => log.warn({ err: error }, 'sessions could not be written'))
  }

  function sessionOf(entry: Entry, id: string): Session {
    const { record, ended } = entry
    return {
      ...record,
      get csrfToken() {
        return csrfTokenOf(id)
      },
      ended: ended.signal,
      expiresAt: () => endOf(record),
      touch() {
        const now = clock()
        const stale = now - record.lastSeenAt > touchGranularityMs
        if (stale && !ended.signal.aborted) {
          record.lastSeenAt = now
          saveLater()
        }
      },
    }
  }

  function sweep(): void {
    const now = clock()
    const over = [...entries.values()].filter(({ record }) => endOf(record) <= now)
    over.forEach(end)
    if (over.length > 0) saveLater()
  }

  const timer = setInterval(sweep, sweepIntervalMs)
  timer.unref()
  sweep()

  return {
    async create(person) {
      const id = randomBytes(32).toString('base64url')
      const now = clock()
      const { user, identity } = person
      const record: SessionRecord = {
        idHash: hashOf(id),
        user,
        groups: [...person.groups],
        identity: identity.type === 'person' ? { ...identity, groups: [...identity.groups] } : identity,
        createdAt: now,
        lastSeenAt: now,
      }
      const entry = { record, ended: new AbortController() }
      if (entries.size >= maxSessions) {
        const oldest = [...entries.values()].reduce((a, b) => (a.record.lastSeenAt <= b.record.lastSeenAt ? a : b))
        end(oldest)
      }
      entries.set(record.idHash, entry)
      await save()
      return { id, session: sessionOf(entry, id) }
    },
    find(id) {
      // Looking up a hash tells nothing by its timing about the ids that exist.
      const entry = entries.get(hashOf(id))
      if (!entry) return undefined
      if (endOf(entry.record) <= clock()) {
        end(entry)
        saveLater()
        return undefined
      }
      return sessionOf(entry, id)
    },
    async revoke(idHash) {
      const entry = entries.get(idHash)
      if (!entry) return
      end(entry)
      await save()
    },
    sweep,
    async close() {
      clearInterval(timer)
      await save()
    },
  }
}

const hashOf = (id: string) => createHash('sha256').update(id).digest('hex')

/** Follows from the session's secret, so that nothing more need be stored; tells nothing about it. */
const csrfTokenOf = (id: string) => createHash('sha256').update(`csrf ${id}`).digest('base64url')

async function readSessions(path: string, log: Logger): Promise<SessionRecord[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  try {
    return fileSchema.parse(JSON.parse(text)).sessions
  } catch (error) {
    log.warn({ err: error, path }, 'the session file is not readable: everyone signs in anew')
    return []
  }
}

/** Writes one after the other; each caller's promise covers a write that began after its change. */
function createSaver(path: string, sessions: () => SessionRecord[]): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        running = writeWhole(path, JSON.stringify({ version: 1, sessions: sessions() }))
        return running
      })
    return next
  }
}

async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
