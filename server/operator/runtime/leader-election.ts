import { type Lease, leaseKind } from '@/contract/kinds/core'
import { type Clock, sleep, systemClock } from '@/server/cluster/clock'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'

export interface LeaderElectionOptions {
  /** Its calls should give up well before the renew deadline (`timeoutMs`). */
  client: KubeClient
  lease: { namespace: string; name: string }
  /** Of this candidate, unique among all of them for all time, e.g. host name and a random part. */
  identity: string
  /**
   * What only the leader does. The signal aborts when it must not act any more; the next attempt to lead waits until the
   * promise has settled. A rejection ends the leadership.
   */
  lead: (leadership: Leadership) => Promise<void>
  log: Log
  clock?: Clock
  /** Milliseconds that never jump; for tests. */
  monotonic?: () => number
  random?: () => number
  timings?: Partial<ElectionTimings>
  /** Ends leading and candidacy; a held lease is released. */
  signal: AbortSignal
}

/** Milliseconds. The defaults are client-go's: 15 s, 10 s, 2 s. */
export interface ElectionTimings {
  /** How long others leave a lease alone after they have seen it change. */
  leaseDuration: number
  /** How long a leader acts without having renewed; less than `leaseDuration`. */
  renewDeadline: number
  /** Between attempts to acquire or renew. */
  retryPeriod: number
}

export interface Leadership {
  signal: AbortSignal
  /** Whether it may still act at this very moment, also when timers are late because the process was stopped. */
  holds(): boolean
}

export interface LeaderElection {
  readonly isLeader: boolean
  /** Who holds the lease as far as it is known here. */
  readonly leader: string | undefined
  onChange(listener: (isLeader: boolean) => void): void
  /** Resolves when, after the signal, the last leadership has ended and the lease is released. */
  stopped: Promise<void>
}

/**
 * Of several candidates one leads, by a Lease as client-go's leader election uses it. Clocks of candidates are never
 * compared: a lease counts as held until it has not been seen to change for its duration, on the observer's own clock.
 */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const election = new Election(options)
  return {
    get isLeader() {
      return election.leading
    },
    get leader() {
      return election.seen?.holder
    },
    onChange: (listener) => void election.listeners.add(listener),
    stopped: election.run(),
  }
}

/** The lease as it was last seen, and when that was news. */
interface Observation {
  lease: Lease
  holder: string | undefined
  /** Monotonic. */
  at: number
}

class Election {
  leading = false
  seen: Observation | undefined
  readonly listeners = new Set<(isLeader: boolean) => void>()
  readonly #options: LeaderElectionOptions
  readonly #timings: ElectionTimings
  readonly #clock: Clock
  readonly #monotonic: () => number
  #renewedAt = -Infinity

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#timings = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000, ...options.timings }
    this.#clock = options.clock ?? systemClock
    this.#monotonic = options.monotonic ?? (() => performance.now())
  }

  async run(): Promise<void> {
    const { signal, log, lease, identity } = this.#options
    while (!signal.aborted) {
      if (await this.#attempt()) {
        log.info({ lease, identity }, 'leading')
        await this.#leadWhileRenewed()
      }
      await sleep(this.#clock, this.#pause(), signal)
    }
  }

  /** Spread out, so that candidates do not all come at once; the end of somebody's lease is not slept through. */
  #pause(): number {
    const { retryPeriod } = this.#timings
    const { random = Math.random } = this.#options
    const usual = retryPeriod * (1 + 0.2 * random())
    const left = this.#heldUntil() - this.#monotonic()
    return left > 0 ? Math.min(usual, left) : usual
  }

  /** When the lease that was last seen counts as given up. */
  #heldUntil(): number {
    if (!this.seen?.holder) return -Infinity
    return this.seen.at + (this.seen.lease.spec?.leaseDurationSeconds ?? 0) * 1000
  }

  async #leadWhileRenewed(): Promise<void> {
    const { lead, log, signal } = this.#options
    const over = new AbortController()
    const end = () => over.abort()
    signal.addEventListener('abort', end, { once: true })
    const leadership = {
      signal: over.signal,
      holds: () => !over.signal.aborted && this.#monotonic() < this.#renewedAt + this.#timings.renewDeadline,
    }
    this.#announce(true)
    const work = lead(leadership)
      .catch((error: unknown) => {
        if (!over.signal.aborted) log.error({ err: error }, 'leading failed')
      })
      .finally(end)
    await this.#renewUntil(over)
    signal.removeEventListener('abort', end)
    // Nobody else leads before our lease runs out; it is given up only when our last step is done.
    await work
    this.#announce(false)
    await this.#release()
  }

  /** Renews again and again; aborts `over` when that has not worked for the deadline. */
  async #renewUntil(over: AbortController): Promise<void> {
    const { log } = this.#options
    while (!over.signal.aborted) {
      const left = this.#renewedAt + this.#timings.renewDeadline - this.#monotonic()
      if (left <= 0) {
        log.warn({ lease: this.#options.lease }, 'the lease could not be renewed in time; no longer leading')
        return over.abort()
      }
      await sleep(this.#clock, Math.min(this.#timings.retryPeriod, left), over.signal)
      if (over.signal.aborted) return
      await Promise.race([
        this.#attempt().then((renewed) => {
          if (!renewed && this.seen?.holder !== this.#options.identity) over.abort()
        }),
        sleep(this.#clock, Math.max(0, this.#renewedAt + this.#timings.renewDeadline - this.#monotonic()), over.signal),
      ])
    }
  }

  /** Acquires or renews; false when somebody else holds the lease or the API does not answer. */
  async #attempt(): Promise<boolean> {
    const { client, lease: ref, log } = this.#options
    // Counted from before the call: others count from when they see its effect, which is later.
    const startedAt = this.#monotonic()
    try {
      const found = await client.find(leaseKind, ref)
      const written = found ? await this.#take(found) : await client.create(leaseKind, this.#build(undefined))
      if (!written) return false
      this.#observe(written)
      this.#renewedAt = startedAt
      return true
    } catch (error) {
      // Somebody else was faster: the next look shows whom.
      if (error instanceof ApiError && error.code === 409) log.debug({ err: error }, 'the lease has changed meanwhile')
      else log.warn({ err: error, lease: ref }, 'the lease cannot be read or written; trying again')
      return false
    }
  }

  async #take(found: Lease): Promise<Lease | undefined> {
    const { client, identity } = this.#options
    const { holder } = this.#observe(found)
    if (holder !== identity && this.#monotonic() < this.#heldUntil()) return undefined
    return client.update(leaseKind, this.#build(found))
  }

  #observe(lease: Lease): Observation {
    const holder = lease.spec?.holderIdentity || undefined
    if (this.seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion || !this.seen) {
      this.seen = { lease, holder, at: this.#monotonic() }
    }
    return this.seen
  }

  #build(found: Lease | undefined): Lease {
    const { identity, lease } = this.#options
    const now = microTime(this.#clock.now())
    const spec = found?.spec
    const mine = spec?.holderIdentity === identity
    const transitions = spec?.leaseTransitions ?? 0
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: found?.metadata ?? lease,
      spec: {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#timings.leaseDuration / 1000),
        acquireTime: (mine ? spec.acquireTime : undefined) ?? now,
        renewTime: now,
        leaseTransitions: mine || !found ? transitions : transitions + 1,
      },
    }
  }

  /** Lets the next candidate lead at once instead of after the lease's duration. */
  async #release(): Promise<void> {
    const { client, identity, lease: ref, log } = this.#options
    try {
      const found = await client.find(leaseKind, ref)
      if (found?.spec?.holderIdentity !== identity) return
      const { holderIdentity: _holder, ...spec } = found.spec
      this.#observe(await client.update(leaseKind, { ...found, spec: { ...spec, leaseDurationSeconds: 1 } }))
    } catch (error) {
      log.debug({ err: error }, 'the lease is not released; it runs out')
    }
  }

  #announce(leading: boolean): void {
    this.leading = leading
    for (const listener of this.listeners) listener(leading)
  }
}

/** metav1.MicroTime: RFC 3339 with six digits. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
