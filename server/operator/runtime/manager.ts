import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { type Clock, systemClock } from '@/server/cluster/clock'
import { type Informer, startInformer } from '@/server/cluster/informer'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import {
  type ControllerDefinition,
  connectController,
  type ReconcileObserver,
  type RunningController,
} from './controller'

export interface ManagerOptions {
  client: KubeClient
  log: Log
  clock?: Clock
  observer?: ReconcileObserver
  /** Stops everything. */
  signal: AbortSignal
}

/** Caches shared by all controllers of a process: one informer per kind, started when first asked for. */
export interface Informers {
  of<T extends KubeObject>(kind: Kind<T>): Informer<T>
}

export interface Manager {
  readonly informers: Informers
  add(definition: ControllerDefinition): void
  /** Waits until every informer in use is complete, then starts the controllers in the order they were added. */
  start(): Promise<void>
  /** How much waits for each controller. */
  queues(): { name: string; length: number }[]
  /** Resolves when, after the signal, every reconcile under way has ended. */
  stopped(): Promise<void>
}

export function createManager({ client, log, clock = systemClock, observer, signal }: ManagerOptions): Manager {
  const informers = createInformers({ client, log, clock, signal })
  const controllers: RunningController[] = []
  const context = { informerOf: (kind: Kind) => informers.of(kind), clock, log, observer, signal }
  let started = false

  return {
    informers,
    add(definition) {
      if (started) throw new Error(`controller ${definition.name} was added after the start`)
      controllers.push(connectController(definition, context))
    },
    async start() {
      started = true
      await Promise.all(informers.all().map((informer) => informer.synced))
      for (const controller of controllers) controller.start()
    },
    queues: () => controllers.map(({ name, queue }) => ({ name, length: queue.length })),
    async stopped() {
      if (started) await Promise.all(controllers.map((controller) => controller.stopped))
    },
  }
}

function createInformers(
  options: Required<Omit<ManagerOptions, 'observer'>>,
): Informers & { all(): Informer<KubeObject>[] } {
  const started = new Map<string, Informer<KubeObject>>()
  return {
    of<T extends KubeObject>(kind: Kind<T>) {
      const key = `${kind.plural}.${kind.group}`
      const informer = started.get(key) ?? (startInformer(kind as Kind, options) as Informer<KubeObject>)
      started.set(key, informer)
      // Keyed by kind: what is stored under a kind's key was started with that kind.
      return informer as unknown as Informer<T>
    },
    all: () => [...started.values()],
  }
}
