import { eventKind } from '@/contract/kinds/core'
import type { ApiContext } from '../api-context'
import { decideDelete } from '../write/delete-object'
import { builtInTarget, serverWrite, unlessGone } from './bootstrap'
import { boundHistory } from './history'

/** As kube-apiserver: a state stays readable for at least this long, in milliseconds. */
const compactionInterval = 5 * 60_000
const eventSweepInterval = 60_000
const eventLifetime = 3600_000
const sweepSize = 500

/** Forgets superseded states and expires events, from time to time. Returns what stops it. */
export function keepHouse(api: ApiContext): () => void {
  let horizon = api.store.compacted
  const compaction = setInterval(() => {
    const target = horizon
    horizon = api.store.revision
    api.store.compact(target).catch((error: unknown) => api.log.error({ err: error }, 'compaction failed'))
  }, compactionInterval)
  const sweep = setInterval(() => {
    expireEvents(api).catch((error: unknown) => api.log.error({ err: error }, 'cannot expire events'))
  }, eventSweepInterval)
  const stopBounding = boundHistory(api.store, { log: api.log })
  compaction.unref()
  sweep.unref()
  return () => {
    clearInterval(compaction)
    clearInterval(sweep)
    stopBounding()
  }
}

/** Deletes events that nobody wrote to for an hour. */
export async function expireEvents(api: ApiContext): Promise<void> {
  const context = serverWrite(api, builtInTarget(api, eventKind))
  const options = { gracePeriodSeconds: 0, propagationPolicy: undefined, preconditions: {} }
  const old = api.store.writtenBefore('events', api.clock.now().getTime() - eventLifetime, sweepSize)
  await Promise.all(
    old.map(({ namespace, name }) =>
      unlessGone(
        api.store.write((revision) =>
          decideDelete(context, { resource: 'events', namespace, name }, options, revision),
        ),
      ),
    ),
  )
}
