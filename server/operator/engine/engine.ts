import type { Clock } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import type { EventRecorder } from '../runtime/events'
import type { Informers } from '../runtime/manager'
import type { Hypervisor } from './hypervisor-port'

/** What every engine controller is given. */
export interface Engine {
  client: KubeClient
  informers: Informers
  /** By node name; the map's entries stay for the life of the engine, whether or not an agent answers. */
  hypervisors: ReadonlyMap<string, Hypervisor>
  clock: Clock
  log: Log
  /** One recorder per reporting component, as the real operators name theirs. */
  events(component: EventComponent): EventRecorder
}

export type EventComponent =
  | 'virtualmachine-controller'
  | 'virt-handler'
  | 'datavolume-import-controller'
  | 'persistentvolume-controller'
  | 'default-scheduler'
  | 'node-controller'
