import type { Log } from '../log'
import type { ObjectStore } from '../storage/object-store'

/** How many changes may be kept so that clients can follow from an older revision, whatever the clock says. */
export const historyLimit = 100_000

/**
 * Forgets the older half of the history whenever it has grown beyond the limit: however much is written between two
 * compactions by the clock, the file stays bounded. Returns what stops it.
 */
export function boundHistory(
  store: ObjectStore,
  { limit = historyLimit, log }: { limit?: number; log: Log },
): () => void {
  let busy = false
  return store.onCommit(() => {
    if (busy || store.revision - store.compacted <= limit) return
    busy = true
    store
      .compact(store.revision - Math.floor(limit / 2))
      .catch((error: unknown) => log.error({ err: error }, 'compaction failed'))
      .finally(() => {
        busy = false
      })
  })
}
