import { createHash, randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { RecordCollection } from '@/server/records/record-store'
import { personKeyOf, type StoredPerson, storedPerson } from './person'

const tokenRecord = z.object({
  version: z.literal(1),
  person: storedPerson,
  name: z.string(),
  readOnly: z.boolean(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  expiresAt: z.number(),
  lastUsedAt: z.number().optional(),
})
type TokenRecord = z.infer<typeof tokenRecord>

export interface ApiToken extends Readonly<TokenRecord> {
  /** The hash of the secret. */
  readonly id: string
  readonly personKey: string
}

export interface UsableApiToken extends ApiToken {
  /** Aborts when the token is removed, expires, or its person may no longer. */
  readonly ended: AbortSignal
  used(): void
}

export type NewApiToken = Pick<TokenRecord, 'name' | 'readOnly' | 'expiresAt'>

export interface ApiTokens {
  /** `secret` is kept nowhere. */
  create(person: StoredPerson, token: NewApiToken): Promise<{ token: ApiToken; secret: string }>
  find(secret: string): UsableApiToken | undefined
  /** A person's, the newest first. */
  list(personKey: string): ApiToken[]
  /** False when the person has none of this id. */
  delete(personKey: string, id: string): Promise<boolean>
  deleteAll(personKey: string): Promise<void>
  /** Ends what is open now; the tokens themselves stay. */
  endStreams(which: (person: StoredPerson) => boolean): void
  sweep(): void
  close(): void
}

/** What tells a token of the console from a cluster's, also to programs that look for leaked secrets. */
export const apiTokenPrefix = 'chiave_'

const sweepIntervalMs = 15_000
const usedGranularityMs = 60_000

export interface ApiTokensOptions {
  records: RecordCollection
  log: Logger
  clock?: () => number
}

/** Personal tokens for programs: a person's rights under a name, with an end. Only hashes are kept. */
export function createApiTokens({ records, log, clock = Date.now }: ApiTokensOptions): ApiTokens {
  const open = new Map<string, AbortController>()

  function read(id: string): ApiToken | undefined {
    const { data } = tokenRecord.safeParse(records.get(id)?.value)
    return data && { ...data, id, personKey: personKeyOf(data.person) }
  }
  const all = () => records.all().flatMap(({ key }) => read(key) ?? [])

  function cut(id: string): void {
    open.get(id)?.abort()
    open.delete(id)
  }
  async function remove(id: string): Promise<void> {
    cut(id)
    await records.delete(id)
  }

  function used(token: ApiToken): void {
    const now = clock()
    if (now - (token.lastUsedAt ?? 0) < usedGranularityMs) return
    const stored = records.get(token.id)
    const { data } = tokenRecord.safeParse(stored?.value)
    if (!stored || !data) return
    records.put(token.id, { ...data, lastUsedAt: now }, { revision: stored.revision }).catch((error: unknown) => {
      // Someone else noted a use, or removed the token: either is newer than this.
      log.debug({ err: error }, 'the use of an API token was not kept')
    })
  }

  function sweep(): void {
    const now = clock()
    for (const token of all()) {
      if (token.expiresAt > now) continue
      remove(token.id).catch((error: unknown) => log.warn({ err: error }, 'an expired API token could not be removed'))
    }
  }

  const unfollow = records.onChange((key) => {
    if (!records.get(key)) cut(key)
  })
  const timer = setInterval(sweep, sweepIntervalMs)
  timer.unref()

  return {
    async create(person, token) {
      const secret = `${apiTokenPrefix}${randomBytes(32).toString('base64url')}`
      const id = hashOf(secret)
      const record: TokenRecord = { version: 1, person, createdAt: clock(), ...token }
      await records.put(id, record, { revision: null })
      return { token: { ...record, id, personKey: personKeyOf(person) }, secret }
    },
    find(secret) {
      const token = read(hashOf(secret))
      if (!token || token.expiresAt <= clock()) return undefined
      const ended = open.get(token.id) ?? new AbortController()
      open.set(token.id, ended)
      return { ...token, ended: ended.signal, used: () => used(token) }
    },
    list: (personKey) =>
      all()
        .filter((token) => token.personKey === personKey)
        .sort((a, b) => b.createdAt - a.createdAt),
    async delete(personKey, id) {
      if (read(id)?.personKey !== personKey) return false
      await remove(id)
      return true
    },
    async deleteAll(personKey) {
      const own = all().filter((token) => token.personKey === personKey)
      await Promise.all(own.map(({ id }) => remove(id)))
    },
    endStreams(which) {
      for (const id of [...open.keys()]) {
        const token = read(id)
        if (!token || which(token.person)) cut(id)
      }
    },
    sweep,
    close() {
      clearInterval(timer)
      unfollow()
    },
  }
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')
