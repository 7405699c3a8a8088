import { setMaxListeners } from 'node:events'
import { allKinds } from '@/contract/kinds/registry'
import { type Clock, systemClock } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import { createEventRecorder, type EventRecorder } from '../runtime/events'
import { createManager } from '../runtime/manager'
import { dataVolumeController } from './data-volume/controller'
import type { Engine, EventComponent } from './engine'
import { createCollector } from './garbage-collection/collector'
import { namespaceController } from './garbage-collection/namespace-controller'
import { startResourceMonitor } from './garbage-collection/resource-monitor'
import type { Hypervisor } from './hypervisor-port'
import { nodeController } from './node/controller'
import { persistentVolumeController } from './persistent-volume/controller'
import { persistentVolumeClaimController } from './persistent-volume-claim/controller'
import { installPlatformObjects } from './platform-objects'
import { virtualMachineController } from './virtual-machine/controller'
import { virtualMachineInstanceController } from './virtual-machine-instance/controller'

export interface EngineOptions {
  /** Speaks to the embedded API server as an administrator. */
  client: KubeClient
  /** One per node, by node name. */
  hypervisors: ReadonlyMap<string, Hypervisor>
  clock?: Clock
  log: Log
  /** Stops the engine; guests go on. */
  signal: AbortSignal
}

export interface RunningEngine {
  /** Resolves when nothing of the engine is at work any more. Guests go on. */
  stop(): Promise<void>
}

/**
 * Starts the controllers that give KubeVirt's, CDI's and the storage kinds their meaning on this host. Resolves when all
 * caches are complete and every controller works; rejects when stopped before.
 */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { client, hypervisors, clock = systemClock, log } = options
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  // Every informer, controller and source listens for the end.
  setMaxListeners(0, signal, stopped.signal)
  const manager = createManager({ client, log, clock, signal })
  const engine: Engine = {
    client,
    informers: manager.informers,
    hypervisors,
    clock,
    log,
    events: createRecorders({ client, clock, log }),
  }

  await installPlatformObjects(client, clock)

  const monitor = startResourceMonitor(engine, { alwaysServed: allKinds, signal })
  const collector = createCollector(engine, monitor)

  manager.add(nodeController(engine))
  manager.add(persistentVolumeClaimController(engine))
  manager.add(persistentVolumeController(engine))
  manager.add(dataVolumeController(engine))
  manager.add(virtualMachineInstanceController(engine))
  manager.add(virtualMachineController(engine))
  manager.add(namespaceController(engine, monitor))
  await manager.start()
  // Judging what is orphaned needs every kind's objects; nobody need wait for it. Stopped before, it starts and ends at once.
  void monitor
    .synced()
    .catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'the garbage collector cannot read what there is')
    })
    .finally(() => collector.start(signal))
  log.info({ nodes: [...hypervisors.keys()] }, 'engine started')

  return {
    async stop() {
      stopped.abort()
      await Promise.all([manager.stopped(), collector.stopped])
    },
  }
}

function createRecorders(options: { client: KubeClient; clock: Clock; log: Log }): Engine['events'] {
  const recorders = new Map<EventComponent, EventRecorder>()
  return (component) => {
    const recorder = recorders.get(component) ?? createEventRecorder({ ...options, component })
    recorders.set(component, recorder)
    return recorder
  }
}
