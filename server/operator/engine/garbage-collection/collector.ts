import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject, OwnerReference } from '@/contract/kube-object'
import { ApiError } from '@/server/cluster/kube-client'
import { refOf } from '../../runtime/controller'
import { createWorkQueue } from '../../runtime/work-queue'
import type { Engine } from '../engine'
import { writeFinalizers } from '../writes'
import {
  type CollectorAction,
  decideCollection,
  foregroundFinalizer,
  type ObservedDependent,
  type OwnerState,
} from './decide'
import type { MonitoredResource, ResourceMonitor } from './resource-monitor'

const fieldManager = 'chiave-garbage-collector'
const workerCount = 4

export interface Collector {
  /** Starts to work; ends with the signal. */
  start(signal: AbortSignal): void
  stopped: Promise<void>
}

/** Deletes what its owners leave behind, as Kubernetes' garbage collector: background, foreground and orphan. */
export function createCollector(engine: Engine, monitor: ResourceMonitor): Collector {
  const queue = createWorkQueue({ clock: engine.clock })
  let finish = () => {}
  const stopped = new Promise<void>((resolve) => {
    finish = resolve
  })
  // A key names kind and object; neither may hold a bar.
  const enqueue = (kind: Kind, object: KubeObject) =>
    queue.add([kind.group, kind.kind, object.metadata.namespace ?? '', object.metadata.name].join('|'))

  async function work(): Promise<void> {
    for (;;) {
      const key = await queue.next()
      if (key === undefined) return
      try {
        await collect(engine, monitor, key)
        queue.forget(key)
      } catch (error) {
        const pause = queue.addRateLimited(key)
        if (!(error instanceof ApiError && error.code === 409)) {
          engine.log.warn({ key, err: error, pause }, 'garbage collection failed; trying again')
        }
      } finally {
        queue.done(key)
      }
    }
  }

  monitor.subscribe((kind, object) => {
    enqueue(kind, object)
    // Its dependents may have lost their owner, its owners may wait for it.
    for (const { kind: other, informer } of monitor.resources()) {
      for (const dependent of informer.ownedBy(object.metadata.uid ?? '')) enqueue(other, dependent)
    }
    for (const owner of object.metadata.ownerReferences ?? []) {
      const found = findOwner(monitor, owner)
      if (found) enqueue(found.resource.kind, found.object)
    }
  })

  return {
    stopped,
    start(signal) {
      signal.addEventListener('abort', () => queue.shutDown(), { once: true })
      if (signal.aborted) queue.shutDown()
      void Promise.all(Array.from({ length: workerCount }, work)).then(finish)
    },
  }
}

function findOwner(monitor: ResourceMonitor, owner: OwnerReference) {
  const group = owner.apiVersion.includes('/') ? (owner.apiVersion.split('/')[0] ?? '') : ''
  const resource = monitor.find(group, owner.kind)
  const object = resource?.informer.byUid(owner.uid)
  return resource && object ? { resource, object } : undefined
}

async function collect(engine: Engine, monitor: ResourceMonitor, key: string): Promise<void> {
  const [group = '', kindName = '', namespace, name = ''] = key.split('|')
  const resource = monitor.find(group, kindName)
  const object = resource?.informer.get(namespace ? { namespace, name } : { name })
  if (!resource || !object) return
  const observed = await observe(engine, { monitor, object })
  for (const action of decideCollection(observed)) await perform(engine, { resource, object, action, monitor })
}

async function observe(
  engine: Engine,
  { monitor, object }: { monitor: ResourceMonitor; object: KubeObject },
): Promise<ObservedDependent> {
  const dependents = monitor.resources().flatMap(({ informer }) => informer.ownedBy(object.metadata.uid ?? ''))
  const owners: ObservedDependent['owners'][number][] = []
  for (const reference of object.metadata.ownerReferences ?? []) {
    owners.push({ reference, state: await readOwner(engine, { monitor, object, reference }) })
  }
  return { object, owners, dependents }
}

interface OwnerQuestion {
  monitor: ResourceMonitor
  object: KubeObject
  reference: OwnerReference
}

/** An owner our caches do not hold is asked for at the server itself before anything is deleted for its sake. */
async function readOwner(engine: Engine, { monitor, object, reference }: OwnerQuestion): Promise<OwnerState> {
  const group = reference.apiVersion.includes('/') ? (reference.apiVersion.split('/')[0] ?? '') : ''
  const resource = monitor.find(group, reference.kind)
  // Of a kind that is not served nobody can say whether it is there.
  if (!resource) return 'present'
  const cached = resource.informer.byUid(reference.uid)
  if (cached) return stateOf(cached)
  const namespace = resource.kind.namespaced ? object.metadata.namespace : undefined
  const found = await engine.client.find(resource.kind, { name: reference.name, ...(namespace ? { namespace } : {}) })
  return found?.metadata.uid === reference.uid ? stateOf(found) : 'absent'
}

function stateOf({ metadata }: KubeObject): OwnerState {
  const waits = metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(foregroundFinalizer)
  return waits ? 'waitingForDependents' : 'present'
}

interface Performance {
  resource: MonitoredResource
  object: KubeObject
  action: CollectorAction
  monitor: ResourceMonitor
}

async function perform({ client }: Engine, { resource, object, action, monitor }: Performance): Promise<void> {
  const { kind } = resource
  switch (action.type) {
    case 'delete': {
      const { uid, resourceVersion } = object.metadata
      const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) }
      await client.delete(kind, refOf(object), {
        preconditions,
        ...(action.policy ? { propagationPolicy: action.policy } : {}),
      })
      return
    }
    case 'dropOwners':
      return dropOwners({ client }, { kind, object, uids: action.uids })
    case 'orphanDependents':
      for (const dependent of action.dependents) {
        const [group] = dependent.apiVersion.includes('/') ? dependent.apiVersion.split('/') : ['']
        const found = monitor.find(group ?? '', dependent.kind)
        if (found)
          await dropOwners({ client }, { kind: found.kind, object: dependent, uids: [object.metadata.uid ?? ''] })
      }
      return
    case 'removeFinalizer':
      await writeFinalizers(client, kind, { object, remove: action.finalizer, fieldManager })
      return
  }
}

async function dropOwners(
  { client }: Pick<Engine, 'client'>,
  { kind, object, uids }: { kind: Kind; object: KubeObject; uids: readonly string[] },
): Promise<void> {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid))
  const { resourceVersion } = object.metadata
  const body = { metadata: { ownerReferences, ...(resourceVersion ? { resourceVersion } : {}) } }
  await client.patch(kind, refOf(object), { type: 'merge', body }, { fieldManager })
}
