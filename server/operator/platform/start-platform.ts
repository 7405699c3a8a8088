import { setMaxListeners } from 'node:events'
import { type Clock, systemClock } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import { createFencedClient } from '../runtime/fenced-client'
import { type ElectionTimings, type LeaderElection, startLeaderElection } from '../runtime/leader-election'
import { createManager } from '../runtime/manager'
import { platformController } from './controller'
import type { OperatorMetrics } from './metrics'

export interface PlatformOptions {
  client: KubeClient
  /** The operator's own version, reported in the Platform object. */
  version: string
  log: Log
  clock?: Clock
  metrics?: OperatorMetrics | undefined
  /** Among several operators one leads; left out where there is only ever one: with an embedded cluster. */
  election?: ElectionOptions | undefined
  signal: AbortSignal
}

export interface ElectionOptions {
  /** As `client`, but whose calls give up within seconds. */
  client: KubeClient
  lease: { namespace: string; name: string }
  identity: string
  timings?: Partial<ElectionTimings>
}

export interface RunningPlatform {
  readonly isLeader: boolean
  /** Resolves when, after the signal, nothing is at work any more and the lease is given back. */
  stopped: Promise<void>
}

/** Starts the controllers that work in every cluster, elected when there may be several operators. */
export function startPlatform(options: PlatformOptions): RunningPlatform {
  const { election, signal, log, metrics } = options
  if (!election) return { isLeader: true, stopped: runControllers(options) }
  const running: LeaderElection = startLeaderElection({
    ...election,
    log,
    ...(options.clock ? { clock: options.clock } : {}),
    lead: (leadership) =>
      runControllers({
        ...options,
        client: createFencedClient(options.client, leadership.holds),
        signal: leadership.signal,
      }),
    signal,
  })
  running.onChange((leads) => metrics?.leader.set(leads ? 1 : 0))
  return {
    get isLeader() {
      return running.isLeader
    },
    stopped: running.stopped,
  }
}

/** Runs every platform controller until the signal; resolves when all have ended. */
async function runControllers(options: PlatformOptions): Promise<void> {
  const { client, log, version, metrics, clock = systemClock } = options
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  // Every informer, controller and source listens for the end.
  setMaxListeners(0, signal, stopped.signal)
  const manager = createManager({ client, log, clock, signal, ...(metrics ? { observer: metrics } : {}) })
  try {
    manager.add(platformController({ client, informers: manager.informers, clock, version }))
    metrics?.follow(() => manager.queues())
    await manager.start().catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    if (!signal.aborted) log.info({ version }, 'platform controllers started')
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    stopped.abort()
    metrics?.follow(undefined)
    await manager.stopped()
  }
}
