import { apiVersionOf, type Kind } from '@/contract/kinds/kind'
import type { KubeObject, ObjectRef } from '@/contract/kube-object'
import type { Clock } from '@/server/cluster/clock'
import type { Informer, InformerChange } from '@/server/cluster/informer'
import { ApiError } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import { createWorkQueue, type WorkQueue } from './work-queue'

/** What a reconcile wants next. Nothing: wait for a change. */
export interface Outcome {
  /** Milliseconds. */
  requeueAfter?: number
}

/** Trying again will not help until something changes. Reported, not retried. */
export class TerminalError extends Error {
  override name = 'TerminalError'
}

/** Objects of another kind whose changes concern objects of this controller. */
export interface Watch {
  kind: Kind
  keysOf(object: KubeObject): Iterable<ObjectRef>
}

/** A watch with the object's type kept for `keysOf`. */
export function watchKind<T extends KubeObject>(kind: Kind<T>, keysOf: (object: T) => Iterable<ObjectRef>): Watch {
  // The informer of a kind hands out objects of that kind.
  return { kind, keysOf: (object) => keysOf(object as T) }
}

/** Something besides the API that may call for a reconcile, e.g. the hypervisor's events. */
export type Source = (enqueue: (ref: ObjectRef) => void, signal: AbortSignal) => void

export interface ControllerDefinition {
  /** Also names its writes (field manager) and log lines. */
  name: string
  for: Kind
  /** Kinds of children: a change of one calls for its controlling owner. */
  owns?: readonly Kind[]
  watches?: readonly Watch[]
  sources?: readonly Source[]
  /** How many different objects may be worked on at a time; 2 when left out. */
  workers?: number
  /**
   * Brings the world one object's state calls for nearer. Level-triggered: reads everything anew, may be called at any
   * time and killed at any point. Throw to be called again after a growing pause.
   */
  reconcile(ref: ObjectRef, signal: AbortSignal): Promise<Outcome | undefined>
}

export function defineController(definition: ControllerDefinition): ControllerDefinition {
  return definition
}

/** Is told of every reconcile that ended. */
export interface ReconcileObserver {
  reconciled(report: { controller: string; seconds: number; result: 'success' | 'requeue' | 'error' }): void
}

export interface ControllerContext {
  informerOf(kind: Kind): Informer<KubeObject>
  observer?: ReconcileObserver | undefined
  clock: Clock
  log: Log
  signal: AbortSignal
}

export interface RunningController {
  readonly name: string
  readonly queue: WorkQueue
  /** Starts the workers; the changes since `connectController` are queued already. */
  start(): void
  /** Resolves when every reconcile under way has ended. */
  stopped: Promise<void>
}

/** Subscribes a controller to what concerns it. Nothing is reconciled before `start`. */
export function connectController(definition: ControllerDefinition, context: ControllerContext): RunningController {
  const { signal } = context
  const queue = createWorkQueue({ clock: context.clock })
  const enqueue = (ref: ObjectRef) => queue.add(`${ref.namespace ?? ''}/${ref.name}`)

  context.informerOf(definition.for).subscribe(({ object }) => enqueue(refOf(object)))
  for (const kind of definition.owns ?? []) {
    eachVersion(context.informerOf(kind), (object) => {
      const owner = controllingOwner(object, definition.for)
      if (owner) enqueue({ ...namespaceOf(object, definition.for), name: owner })
    })
  }
  for (const watch of definition.watches ?? []) {
    eachVersion(context.informerOf(watch.kind), (object) => {
      for (const ref of watch.keysOf(object)) enqueue(ref)
    })
  }

  let finish = () => {}
  const stopped = new Promise<void>((resolve) => {
    finish = resolve
  })
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })

  return {
    name: definition.name,
    queue,
    stopped,
    start() {
      if (signal.aborted) queue.shutDown()
      else for (const source of definition.sources ?? []) source(enqueue, signal)
      const workers = Array.from({ length: definition.workers ?? 2 }, () => work(definition, { queue, ...context }))
      void Promise.all(workers).then(finish)
    },
  }
}

async function work(definition: ControllerDefinition, context: ControllerContext & { queue: WorkQueue }) {
  const { queue } = context
  for (;;) {
    const key = await queue.next()
    if (key === undefined) return
    const startedAt = performance.now()
    const report = (result: 'success' | 'requeue' | 'error') =>
      context.observer?.reconciled({
        controller: definition.name,
        seconds: (performance.now() - startedAt) / 1000,
        result,
      })
    try {
      const outcome = await definition.reconcile(readKey(key), context.signal)
      report(outcome?.requeueAfter === undefined ? 'success' : 'requeue')
      queue.forget(key)
      if (outcome?.requeueAfter !== undefined) queue.addAfter(key, outcome.requeueAfter)
    } catch (error) {
      report('error')
      if (!context.signal.aborted) retry(error, { definition, key, ...context })
    } finally {
      queue.done(key)
    }
  }
}

function retry(
  error: unknown,
  { definition, key, queue, log }: { definition: ControllerDefinition; key: string; queue: WorkQueue; log: Log },
) {
  const fields = { controller: definition.name, key, err: error }
  if (error instanceof TerminalError) {
    queue.forget(key)
    log.error(fields, 'giving up until something changes')
    return
  }
  const pause = queue.addRateLimited(key)
  // A conflict says only that our copy was old; the next look will be at a fresh one.
  if (error instanceof ApiError && error.code === 409) log.debug(fields, 'the object changed meanwhile')
  else log.warn({ ...fields, pause }, 'reconcile failed; trying again')
}

/** Calls with the object as it is and, after a change, also as it was, so that whom it left is told too. */
function eachVersion(informer: Informer<KubeObject>, call: (object: KubeObject) => void) {
  informer.subscribe((change: InformerChange<KubeObject>) => {
    call(change.object)
    if (change.previous) call(change.previous)
  })
}

function controllingOwner(object: KubeObject, kind: Kind): string | undefined {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller)
  if (owner?.kind !== kind.kind) return undefined
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
  return group === kind.group ? owner.name : undefined
}

function namespaceOf(object: KubeObject, ownerKind: Kind): { namespace?: string } {
  return ownerKind.namespaced && object.metadata.namespace ? { namespace: object.metadata.namespace } : {}
}

/** Where an object is. */
export function refOf(object: KubeObject): ObjectRef {
  const { namespace, name } = object.metadata
  return namespace ? { namespace, name } : { name }
}

function readKey(key: string): ObjectRef {
  const [namespace, name = ''] = key.split('/')
  return namespace ? { namespace, name } : { name }
}

/** An owner reference that makes `owner` the controller of what carries it. */
export function controllerReference(kind: Kind, owner: KubeObject) {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}
