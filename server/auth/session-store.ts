import { createHash, randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { signInReasons } from '@/contract/people'
import { type RecordCollection, RecordConflict } from '@/server/records/record-store'
import { personKeyOf, type StoredPerson, storedPerson } from './person'
import { openSecrets, type SessionSecrets, sealingKeyOf, sealSecrets } from './session-secrets'

/** Why a session is over. */
export type EndReason = Exclude<keyof typeof signInReasons, 'codeRequired' | 'passwordChangeRequired'>

/** A session as its person, or an administrator, may see it listed. */
export interface SessionSummary {
  /** Names the session without opening it. */
  readonly idHash: string
  readonly person: StoredPerson
  readonly personKey: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly address: string
  readonly userAgent: string
  /** Milliseconds since the epoch: when the session ends if nothing more is done. */
  expiresAt(): number
}

export interface Session extends SessionSummary {
  /** Sent back as `x-chiave-csrf` by our own pages, which no other origin can read. */
  readonly csrfToken: string
  /** Aborts when the session ends, however it ends. */
  readonly ended: AbortSignal
  /** Its person did something: the idle time starts anew. */
  touch(): void
  /** What only the cookie's holder can have opened. */
  secrets(): SessionSecrets
  /** Resolves when both are kept. Rejects when the session has ended meanwhile. */
  renew(change: { person?: StoredPerson; secrets: SessionSecrets }): Promise<void>
}

export interface SessionStoreOptions {
  records: RecordCollection
  log: Logger
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Default 8 hours. */
  idleMs?: number
  /** Default 7 days. */
  absoluteMs?: number
}

export interface NewSession {
  person: StoredPerson
  address: string
  userAgent: string
  secrets?: SessionSecrets
}

export interface SessionStore {
  /** Resolves when the session is kept; `id` is the secret for the cookie and is kept nowhere else. */
  create(session: NewSession): Promise<{ id: string; session: Session }>
  find(id: string): Session | undefined
  /** Why the session of this id is over, as long as that is remembered. */
  endingOf(id: string): EndReason | undefined
  /** The newest first. */
  list(which: (session: SessionSummary) => boolean): SessionSummary[]
  /** Its streams end at once; resolves when the end is kept. */
  end(idHash: string, reason: EndReason): Promise<void>
  /** Resolves with how many there were. */
  endAll(which: (session: SessionSummary) => boolean, reason: EndReason): Promise<number>
  /** Ends every session whose time is up; called regularly by the store itself. */
  sweep(): void
  close(): Promise<void>
}

const recordSchema = z.object({
  version: z.literal(2),
  person: storedPerson,
  createdAt: z.number(),
  lastSeenAt: z.number(),
  address: z.string(),
  userAgent: z.string(),
  sealed: z.string().optional(),
})
type SessionRecord = z.infer<typeof recordSchema>

interface Entry {
  idHash: string
  record: SessionRecord
  revision: string
  personKey: string
  ended: AbortController
  /** Made when the cookie was first seen here. */
  session?: Session
}

const hour = 60 * 60 * 1000
const sweepIntervalMs = 15_000
/** How much idle time a crash may give back: activity is written this seldom. */
const touchGranularityMs = 60_000
const limits = { sessions: 10_000, perPerson: 50, endings: 1_000, writes: 5 }

const read = (idHash: string, record: SessionRecord, revision: string) => ({
  ...{ idHash, record, revision, personKey: personKeyOf(record.person) },
})

/** The sessions there are, as their records have them, and how the last ones ended. */
function entriesOf(records: RecordCollection, log: Logger) {
  const entries = new Map<string, Entry>()
  const endings = new Map<string, EndReason>()

  function forget(entry: Entry, reason: EndReason): void {
    if (!entries.delete(entry.idHash)) return
    endings.set(entry.idHash, reason)
    for (const oldest of endings.keys()) {
      if (endings.size <= limits.endings) break
      endings.delete(oldest)
    }
    entry.ended.abort()
  }

  /** Takes a record in as it is now, whoever wrote it. */
  function follow(key: string): void {
    const stored = records.get(key)
    const known = entries.get(key)
    if (!stored) return known && forget(known, 'revoked')
    const parsed = recordSchema.safeParse(stored.value)
    if (!parsed.success) {
      log.warn({ key, err: parsed.error }, 'a session is not readable: its person signs in anew')
      return known && forget(known, 'revoked')
    }
    const personKey = personKeyOf(parsed.data.person)
    // What its person did here since may not be written yet.
    const lastSeenAt = Math.max(parsed.data.lastSeenAt, known?.record.lastSeenAt ?? 0)
    if (known) Object.assign(known, { record: { ...parsed.data, lastSeenAt }, revision: stored.revision, personKey })
    else entries.set(key, { ...read(key, parsed.data, stored.revision), ended: new AbortController() })
  }

  for (const { key } of records.all()) follow(key)
  return { entries, endings, forget, follow }
}

/**
 * Sessions as opaque random ids, of which only the SHA-256 is kept, in records: they survive restarts, can be ended from
 * anywhere, and every replica on the same records knows them.
 */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { records, log } = options
  const clock = options.clock ?? Date.now
  const idleMs = options.idleMs ?? 8 * hour
  const absoluteMs = options.absoluteMs ?? 7 * 24 * hour
  const { entries, endings, forget, follow } = entriesOf(records, log)
  const endOf = ({ createdAt, lastSeenAt }: SessionRecord) => Math.min(lastSeenAt + idleMs, createdAt + absoluteMs)

  async function end(idHash: string, reason: EndReason): Promise<void> {
    const entry = entries.get(idHash)
    if (entry) forget(entry, reason)
    await records.delete(idHash)
  }

  /** For ends that nobody waits for; a record that stays is over by its own times. */
  function endLater(idHash: string, reason: EndReason): void {
    end(idHash, reason).catch((error: unknown) => log.warn({ err: error }, 'a session’s end could not be kept'))
  }

  const change = (entry: Entry, make: (record: SessionRecord) => SessionRecord) =>
    changeRecord({ records, follow, entry }, make)
  const summarise = (entry: Entry) => summaryOf(entry, endOf)
  function sessionOf(entry: Entry, id: string): Session {
    entry.session ??= buildSession(entry, id, {
      summary: summarise(entry),
      touch: () => touch(entry),
      change: (make) => change(entry, make),
    })
    return entry.session
  }

  function touch(entry: Entry): void {
    const now = clock()
    if (now - entry.record.lastSeenAt <= touchGranularityMs || entry.ended.signal.aborted) return
    entry.record = { ...entry.record, lastSeenAt: now }
    change(entry, (record) => ({ ...record, lastSeenAt: Math.max(now, record.lastSeenAt) })).catch((error: unknown) => {
      // What is lost is a little idle time.
      if (!entry.ended.signal.aborted) log.warn({ err: error }, 'a session’s activity could not be kept')
    })
  }

  function sweep(): void {
    const now = clock()
    for (const entry of [...entries.values()]) {
      if (endOf(entry.record) <= now) endLater(entry.idHash, 'expired')
    }
  }

  const unfollow = records.onChange(follow)
  const timer = setInterval(sweep, sweepIntervalMs)
  timer.unref()
  sweep()

  return {
    async create({ person, address, userAgent, secrets }) {
      const id = randomBytes(32).toString('base64url')
      const idHash = hashOf(id)
      const now = clock()
      const crowded = crowdedOut(entries, personKeyOf(person))
      if (crowded) endLater(crowded.idHash, 'revoked')
      const record: SessionRecord = {
        ...{ version: 2, person, createdAt: now, lastSeenAt: now, address, userAgent: userAgent.slice(0, 256) },
        ...(secrets && { sealed: sealSecrets(sealingKeyOf(id), secrets) }),
      }
      const { revision } = await records.put(idHash, record, { revision: null })
      const entry = entries.get(idHash) ?? { ...read(idHash, record, revision), ended: new AbortController() }
      entries.set(idHash, entry)
      return { id, session: sessionOf(entry, id) }
    },
    find(id) {
      // Looking up a hash tells nothing by its timing about the ids that exist.
      const entry = entries.get(hashOf(id))
      if (!entry) return undefined
      if (endOf(entry.record) > clock()) return sessionOf(entry, id)
      endLater(entry.idHash, 'expired')
      return undefined
    },
    endingOf: (id) => endings.get(hashOf(id)),
    list: (which) =>
      [...entries.values()]
        .map(summarise)
        .filter(which)
        .sort((a, b) => b.createdAt - a.createdAt),
    end,
    async endAll(which, reason) {
      const over = [...entries.values()].map(summarise).filter(which)
      await Promise.all(over.map(({ idHash }) => end(idHash, reason)))
      return over.length
    },
    sweep,
    async close() {
      clearInterval(timer)
      unfollow()
      // Closing the records waits for what was begun.
    },
  }
}

/** Changes the record as it is now; another replica may do so at the same time. */
async function changeRecord(
  { records, follow, entry }: { records: RecordCollection; follow: (key: string) => void; entry: Entry },
  make: (record: SessionRecord) => SessionRecord,
): Promise<void> {
  for (let left = limits.writes; ; left -= 1) {
    if (entry.ended.signal.aborted) throw new Error('the session has ended')
    try {
      const { revision } = entry
      const written = await records.put(entry.idHash, make(entry.record), { revision })
      entry.record = make(entry.record)
      entry.revision = written.revision
      return
    } catch (error) {
      if (!(error instanceof RecordConflict) || left === 0) throw error
      follow(entry.idHash)
    }
  }
}

function summaryOf(entry: Entry, endOf: (record: SessionRecord) => number): SessionSummary {
  return {
    idHash: entry.idHash,
    get person() {
      return entry.record.person
    },
    get personKey() {
      return entry.personKey
    },
    get lastSeenAt() {
      return entry.record.lastSeenAt
    },
    createdAt: entry.record.createdAt,
    address: entry.record.address,
    userAgent: entry.record.userAgent,
    expiresAt: () => endOf(entry.record),
  }
}

interface SessionSeams {
  summary: SessionSummary
  touch: () => void
  change: (make: (record: SessionRecord) => SessionRecord) => Promise<void>
}

/** A session whose cookie is at hand, so that its secrets can be opened. */
function buildSession(entry: Entry, id: string, { summary, touch, change }: SessionSeams): Session {
  const key = sealingKeyOf(id)
  let opened: { sealed: string | undefined; secrets: SessionSecrets } | undefined
  const own = {
    csrfToken: csrfTokenOf(id),
    ended: entry.ended.signal,
    touch,
    secrets() {
      const { sealed } = entry.record
      if (!opened || opened.sealed !== sealed) {
        opened = { sealed, secrets: sealed === undefined ? {} : openSecrets(key, sealed) }
      }
      return opened.secrets
    },
    renew: ({ person, secrets }: { person?: StoredPerson; secrets: SessionSecrets }) => {
      const sealed = sealSecrets(key, secrets)
      return change((record) => ({ ...record, sealed, ...(person && { person }) }))
    },
  }
  // The getters of the summary stay getters; the type is the sum of both.
  return Object.defineProperties(summary, Object.getOwnPropertyDescriptors(own)) as Session
}

/** Whose place a new session takes: of one person's sessions, or of all, the one that was idle longest. */
function crowdedOut(entries: ReadonlyMap<string, Entry>, personKey: string): Entry | undefined {
  const own = [...entries.values()].filter((entry) => entry.personKey === personKey)
  const crowd = own.length >= limits.perPerson ? own : entries.size >= limits.sessions ? [...entries.values()] : []
  return crowd.toSorted((a, b) => a.record.lastSeenAt - b.record.lastSeenAt)[0]
}

const hashOf = (id: string) => createHash('sha256').update(id).digest('hex')

/** Follows from the session's secret, so that nothing more need be stored; tells nothing about it. */
const csrfTokenOf = (id: string) => createHash('sha256').update(`csrf ${id}`).digest('base64url')
