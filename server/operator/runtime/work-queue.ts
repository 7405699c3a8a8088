import { backOffDelay } from '@/server/cluster/back-off'
import type { Clock } from '@/server/cluster/clock'

export interface WorkQueueOptions {
  clock: Clock
  /** First pause after a failure, doubled with each further one. */
  baseMs?: number
  capMs?: number
  random?: () => number
}

/**
 * Keys to work on. A key is handed to one worker at a time; added again meanwhile it is handed out once more when that
 * worker is done, so a change is never lost and never worked on twice at once (client-go's work queue).
 */
export interface WorkQueue {
  add(key: string): void
  /** Adds later; of several times asked for a key the earliest counts. */
  addAfter(key: string, ms: number): void
  /** Adds after a pause that grows with each failure of this key; returns the pause. */
  addRateLimited(key: string): number
  /** The key succeeded: its failures are forgotten. */
  forget(key: string): void
  failures(key: string): number
  /** The next key; `undefined` once shut down. */
  next(): Promise<string | undefined>
  /** Must follow every `next` that gave a key. */
  done(key: string): void
  /** Ends all waits; what is queued is dropped. */
  shutDown(): void
  readonly length: number
}

export function createWorkQueue({ clock, baseMs = 100, capMs = 60_000, random }: WorkQueueOptions): WorkQueue {
  const waiting: string[] = []
  const dirty = new Set<string>()
  const processing = new Set<string>()
  const failures = new Map<string, number>()
  const delayed = new Map<string, { at: number; cancel: () => void }>()
  const takers: ((key: string | undefined) => void)[] = []
  let stopped = false

  function handOut() {
    while (waiting.length > 0 && takers.length > 0) {
      const key = waiting.shift() as string // length was checked
      dirty.delete(key)
      processing.add(key)
      takers.shift()?.(key)
    }
  }

  function add(key: string) {
    if (stopped || dirty.has(key)) return
    dirty.add(key)
    if (processing.has(key)) return
    waiting.push(key)
    handOut()
  }

  function addAfter(key: string, ms: number) {
    if (stopped) return
    if (ms <= 0) return add(key)
    const at = clock.now() + ms
    const earlier = delayed.get(key)
    if (earlier && earlier.at <= at) return
    earlier?.cancel()
    const cancel = clock.after(ms, () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { at, cancel })
  }

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const pause = backOffDelay(count, { baseMs, capMs, ...(random ? { random } : {}) })
      addAfter(key, pause)
      return pause
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
    next() {
      if (stopped) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        takers.push(resolve)
        handOut()
      })
    },
    done(key) {
      processing.delete(key)
      if (!dirty.has(key) || stopped) return
      waiting.push(key)
      handOut()
    },
    shutDown() {
      stopped = true
      for (const { cancel } of delayed.values()) cancel()
      delayed.clear()
      waiting.length = 0
      for (const taker of takers.splice(0)) taker(undefined)
    },
    get length() {
      return waiting.length
    },
  }
}
