import type { ConnectionHealth } from '@/contract/connections'
import { backOffDelay } from '@/server/cluster/back-off'
import { type Clock, systemClock } from '@/server/cluster/clock'
import type { Connection } from '@/server/cluster/connection'
import { describeUnreachable } from '@/server/proxy/status-response'
import { ProbeRefused, probe } from './probe'

export interface HealthOptions {
  connection: Connection
  /** When the connection's own credentials end, milliseconds since the epoch, where they tell. */
  credentialsExpireAt?: () => number | undefined
  clock?: Clock
  /** How long the API server may take to answer; default 5 s. */
  answerWithinMs?: number
  /** Default: as `pace` below. */
  pace?: Partial<Pace>
}

export interface Pace {
  /** Between probes while nobody looks. */
  idleMs: number
  /** Between probes while somebody looks. */
  lookedAtMs: number
  /** How long one look lasts. */
  lookMs: number
  /** The first pause after a failure; doubles up to the pace that holds anyway. */
  retryMs: number
}

/** Follows how one API server does, by a cheap request now and then. */
export interface Health {
  current(): ConnectionHealth
  /** The API server's `gitVersion`, once it told. */
  version(): string | undefined
  /** Somebody looks: probes become frequent for a while, the first one at once when the last one is old. */
  look(): void
  /** A request of somebody found the API server silent: find out now. */
  suspect(): void
  /** Resolves with the outcome of a probe of its own. */
  check(): Promise<ConnectionHealth>
  /** Called with every change of the state, and while it lasts somebody counts as looking. Returns what ends it. */
  follow(listener: (health: ConnectionHealth) => void): () => void
  stop(): void
}

const defaultPace: Pace = { idleMs: 30_000, lookedAtMs: 5_000, lookMs: 20_000, retryMs: 1_000 }
const slowMs = 1_000

/**
 * One probe at a time: more often while somebody looks, sooner after a failure, never before a `Retry-After`. The state
 * changes with the first answer or silence: what a page shows must not be called live longer than that.
 */
export function createHealth(options: HealthOptions): Health {
  const { connection, clock = systemClock, answerWithinMs = 5_000 } = options
  const pace = { ...defaultPace, ...options.pace }
  const listeners = new Set<(health: ConnectionHealth) => void>()
  const stopping = new AbortController()
  let health: ConnectionHealth = { state: 'connecting', since: timeOf(clock.now()) }
  let version: string | undefined
  let failures = 0
  let notBefore = 0
  let lookedAt = -Infinity
  let askedAt = -Infinity
  let running: Promise<void> | undefined
  let cancel = () => {}

  const isLookedAt = () => listeners.size > 0 || clock.now() - lookedAt < pace.lookMs

  function schedule(): void {
    cancel()
    if (stopping.signal.aborted) return
    const calm = isLookedAt() ? pace.lookedAtMs : pace.idleMs
    const wait =
      failures === 0 ? calm : Math.min(calm, backOffDelay(failures - 1, { baseMs: pace.retryMs, capMs: calm }))
    const due = Math.max(askedAt + wait, notBefore)
    cancel = clock.after(Math.max(0, due - clock.now()), () => void ask())
  }

  function ask(): Promise<void> {
    cancel()
    running ??= askOnce().finally(() => {
      running = undefined
      schedule()
    })
    return running
  }

  async function askOnce(): Promise<void> {
    askedAt = clock.now()
    try {
      const found = await probe(connection, {
        withinMs: answerWithinMs,
        versionKnown: version !== undefined && failures === 0,
      })
      version = found.version ?? version
      failures = 0
      notBefore = 0
      const latencyMs = Math.max(1, Math.round(found.latencyMs))
      become({ state: latencyMs > slowMs ? 'slow' : 'connected', latencyMs })
    } catch (error) {
      if (stopping.signal.aborted) return
      failures += 1
      if (!(error instanceof ProbeRefused)) {
        return become({ state: 'unreachable', message: describeUnreachable(connection.name, error).message ?? '' })
      }
      if (error.retryAfterMs !== undefined) notBefore = clock.now() + error.retryAfterMs
      become({ state: 'refusing', message: error.message, ...(error.code === undefined ? {} : { code: error.code }) })
    }
  }

  function become(found: Pick<ConnectionHealth, 'state' | 'latencyMs' | 'message' | 'code'>): void {
    const now = clock.now()
    const before = health
    health = withCredentials(
      { ...found, since: before.state === found.state ? before.since : timeOf(now), checkedAt: timeOf(now) },
      { expireAt: options.credentialsExpireAt?.(), now },
    )
    if (before.state !== health.state || before.message !== health.message) {
      for (const listener of listeners) listener(health)
    }
  }

  schedule()
  return {
    current: () => health,
    version: () => version,
    look() {
      lookedAt = clock.now()
      if (running === undefined) schedule()
    },
    suspect() {
      if (running === undefined && clock.now() - askedAt > pace.retryMs) void ask()
    },
    async check() {
      await ask()
      return health
    },
    follow(listener) {
      listeners.add(listener)
      if (running === undefined) schedule()
      return () => listeners.delete(listener)
    },
    stop() {
      stopping.abort()
      cancel()
      listeners.clear()
    },
  }
}

/** A refusal because of credentials that have ended has a better reason than the server's 401. */
function withCredentials(
  health: ConnectionHealth,
  { expireAt, now }: { expireAt: number | undefined; now: number },
): ConnectionHealth {
  if (expireAt === undefined) return health
  const known = { ...health, credentialsExpireAt: timeOf(expireAt) }
  if (health.code !== 401 || expireAt > now) return known
  return { ...known, message: `The credentials of this connection ended at ${timeOf(expireAt)}.` }
}

const timeOf = (ms: number) => new Date(ms).toISOString()
