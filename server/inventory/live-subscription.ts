import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject, WatchEvent } from '@/contract/kube-object'
import type { LiveMessage } from '@/contract/live'
import { describeUnreachable } from '@/server/proxy/status-response'
import { ApiRefused, type ListWatchOptions, listAll, watchFrom } from './list-watch'

export interface LiveSubscriptionOptions extends ListWatchOptions {
  id: number
  /** Resolves when the browser can take more; the upstream is not read meanwhile. */
  send: (message: LiveMessage) => Promise<void>
  /**
   * Follows outages of the API server: the listener gets a sentence each time it stops answering. A watch alone does not
   * tell an idle API server from one that hangs.
   */
  onOutage?: ((listener: (message: string) => void) => () => void) | undefined
}

/** The API server has stopped answering others while this subscription's watch only heard nothing. */
class Outage extends Error {}

/** The longest that a change waits for others to travel with it. */
const batchMs = 40
const maxBatch = 500
/** Between attempts while the upstream is away: doubles from the first to the last, with a quarter of chance. */
const backOff = { firstMs: 250, lastMs: 15_000 }
/** What the API refuses (no right, no such kind) may be granted or installed later, but not within a second. */
const refusedRetryMs = 15_000

/** Runs one subscription until its signal aborts: list, watch, and after any break again. Never rejects but for bugs. */
export async function runLiveSubscription(options: LiveSubscriptionOptions): Promise<void> {
  const { id, send, signal, query } = options
  let failures = 0
  while (!signal.aborted) {
    const round = beginRound(options)
    try {
      const { items, resourceVersion } = await listAll({ ...options, signal: round.signal })
      await send({ id, type: 'snapshot', items })
      failures = 0
      await followWatches({ ...options, signal: round.signal }, resourceVersion)
      round.signal.throwIfAborted()
      // The resource version is too old: list again at once.
    } catch (failure) {
      if (signal.aborted) return
      const error: unknown = round.signal.aborted ? round.signal.reason : failure
      failures += 1
      if (error instanceof ApiRefused && !isTemporary(error)) {
        const retrying = error.status.code !== 400 && error.status.code !== 422
        await send({ id, type: 'error', status: error.status, retrying })
        if (!retrying) return
        await pause(refusedRetryMs, signal)
      } else {
        await send({ id, type: 'stale', message: wordsOf(query.cluster, error) })
        const wanted = error instanceof ApiRefused ? error.retryAfterMs : 0
        const wait = Math.min(backOff.firstMs * 2 ** (failures - 1), backOff.lastMs)
        await pause(Math.max(wait, wanted), signal)
      }
    } finally {
      round.end()
    }
  }
}

/** One list and its watches; an outage ends them, since what they show is no longer known to be so. */
function beginRound({ signal, onOutage }: LiveSubscriptionOptions): { signal: AbortSignal; end: () => void } {
  const round = new AbortController()
  const abort = () => round.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  const unfollow = onOutage?.((message) => round.abort(new Outage(message)))
  return {
    signal: round.signal,
    end: () => {
      signal.removeEventListener('abort', abort)
      unfollow?.()
    },
  }
}

function wordsOf(cluster: string, error: unknown): string {
  if (error instanceof Outage) return error.message
  const { message = '' } = error instanceof ApiRefused ? error.status : describeUnreachable(cluster, error)
  return message
}

/** The API server is starting, overloaded or broken, or a list took so long that it expired: the next may succeed. */
function isTemporary(error: ApiRefused): boolean {
  const { code = 500 } = error.status
  return code === 429 || code >= 500 || error.expired
}

/** Watches, and goes on where a watch ended, until the server no longer knows the place; then resolves. */
async function followWatches(options: LiveSubscriptionOptions, from: string): Promise<void> {
  const { signal } = options
  let resourceVersion = from
  while (!signal.aborted) {
    const startedAt = performance.now()
    try {
      resourceVersion = await followOneWatch(options, resourceVersion)
    } catch (error) {
      if (error instanceof ApiRefused && error.expired) return
      throw error
    }
    // A server that ends every watch at once must not be asked in a tight loop.
    if (performance.now() - startedAt < 1_000) await pause(1_000, signal)
  }
}

/** Passes one watch's events on in batches; resolves with where it ended. */
async function followOneWatch(options: LiveSubscriptionOptions, from: string): Promise<string> {
  const { id, send } = options
  let resourceVersion = from
  let batch: WatchEvent<KubeObject>[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (batch.length === 0) return
    const events = batch
    batch = []
    sending = sending.then(() => send({ id, type: 'events', events }))
    // Who awaits `sending` below sees its failure; until then it must not count as unhandled.
    sending.catch(() => undefined)
  }

  try {
    for await (const event of watchFrom(options, from)) {
      const version = event.type === 'ERROR' ? undefined : event.object.metadata.resourceVersion
      if (version !== undefined) resourceVersion = version
      if (event.type === 'BOOKMARK') continue
      batch.push(event)
      timer ??= setTimeout(flush, batchMs)
      if (batch.length >= maxBatch) flush()
      // Resolved already as a rule; where the browser is slow, its pace becomes the watch's.
      await sending
    }
  } finally {
    flush()
    await sending
  }
  return resourceVersion
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const spread = ms * (0.75 + Math.random() / 2)
  try {
    await sleep(spread, undefined, { signal, ref: false })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
