import { apiVersionOf, type Kind } from '@/contract/kinds/kind'
import type { KubeObject, ObjectRef } from '@/contract/kube-object'
import { backOffDelay } from './back-off'
import { type Clock, sleep, systemClock } from './clock'
import { deepFreeze } from './deep-freeze'
import { ApiError, type KubeClient } from './kube-client'
import type { Log } from './log'

export type InformerChange<T extends KubeObject> =
  | { type: 'ADDED'; object: T; previous?: undefined }
  | { type: 'MODIFIED'; object: T; previous: T }
  | { type: 'DELETED'; object: T; previous?: undefined }

/** A live, read-only copy of all objects of a kind. Objects are frozen: to change one, write a new one to the API. */
export interface Informer<T extends KubeObject> {
  readonly kind: Kind<T>
  /** Resolves once the first complete list is held; rejects only when stopped before. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  get(ref: ObjectRef): T | undefined
  byUid(uid: string): T | undefined
  list(namespace?: string): T[]
  /** Objects with an owner reference to this uid. */
  ownedBy(uid: string): T[]
  /** Calls on every change from now on; returns how to stop. The objects already held are not announced. */
  subscribe(onChange: (change: InformerChange<T>) => void): () => void
}

export interface InformerOptions {
  client: KubeClient
  signal: AbortSignal
  log: Log
  clock?: Clock
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** Objects per list page. */
  pageSize?: number
  random?: () => number
}

const retry = { baseMs: 200, capMs: 30_000 }

/**
 * Starts to list and watch a kind until the signal aborts. Lists in pages, watches on from there with bookmarks, and
 * lists anew when the server has forgotten the revision (410) or reports any ERROR on the watch; ordinary failures are
 * retried with growing pauses for ever. Objects that vanished between two lists are announced as DELETED.
 */
export function startInformer<T extends KubeObject>(kind: Kind<T>, options: InformerOptions): Informer<T> {
  const store = createStore<T>()
  const { clock = systemClock, log, signal } = options
  let markSynced = () => {}
  let refuse: (error: Error) => void = () => {}
  let hasSynced = false
  const synced = new Promise<void>((resolve, reject) => {
    markSynced = resolve
    refuse = reject
  })
  // Someone who never waits for it must not crash the process by not doing so.
  synced.catch(() => undefined)

  async function run() {
    let failures = 0
    let revision: string | undefined
    while (!signal.aborted) {
      try {
        if (revision === undefined) {
          const listed = await listAll(kind, options)
          store.replace(listed.items)
          revision = listed.resourceVersion
          hasSynced = true
          markSynced()
        }
        revision = await follow(kind, { ...options, store, revision, onProgress: () => (failures = 0) })
      } catch (error) {
        if (signal.aborted) break
        if (error instanceof ApiError && error.code === 410) revision = undefined
        const pause = backOffDelay(failures++, { ...retry, ...(options.random ? { random: options.random } : {}) })
        log.warn({ kind: kind.plural, err: error, pause }, 'listing or watching failed; trying again')
        await sleep(clock, pause, signal)
      }
    }
    refuse(new Error(`stopped before ${kind.plural} were listed`))
  }
  void run()

  return {
    kind,
    synced,
    get hasSynced() {
      return hasSynced
    },
    get: store.get,
    byUid: store.byUid,
    list: store.list,
    ownedBy: store.ownedBy,
    subscribe: store.subscribe,
  }
}

async function listAll<T extends KubeObject>(kind: Kind<T>, options: InformerOptions) {
  const items: T[] = []
  let next: string | undefined
  for (;;) {
    const page = await options.client.list(kind, {
      ...selection(options),
      limit: options.pageSize ?? 500,
      signal: options.signal,
      ...(next === undefined ? {} : { continue: next }),
    })
    items.push(...page.items)
    next = page.metadata.continue
    if (!next) return { items, resourceVersion: page.metadata.resourceVersion ?? '' }
  }
}

interface FollowOptions<T extends KubeObject> extends InformerOptions {
  store: Store<T>
  revision: string
  /** The server answered: earlier failures no longer count. */
  onProgress: () => void
}

/** Watches until the server ends the stream; resolves with the revision to go on from, or `undefined` to list anew. */
async function follow<T extends KubeObject>(kind: Kind<T>, options: FollowOptions<T>): Promise<string | undefined> {
  let { revision } = options
  const events = options.client.watch(kind, {
    ...selection(options),
    resourceVersion: revision,
    allowWatchBookmarks: true,
    signal: options.signal,
  })
  const started = (options.clock ?? systemClock).now()
  for await (const event of events) {
    if (event.type === 'ERROR') {
      options.log.info({ kind: kind.plural, status: event.object }, 'the watch ended with an error; listing anew')
      if (event.object.code === 410) return undefined
      throw new ApiError({ ...event.object, code: 410 })
    }
    options.onProgress()
    if (event.type === 'DELETED') options.store.remove(event.object)
    else if (event.type !== 'BOOKMARK') options.store.put({ ...typeOf(kind), ...event.object })
    revision = event.object.metadata.resourceVersion ?? revision
  }
  // A server that ends every watch at once must not be asked in a tight loop.
  if ((options.clock ?? systemClock).now() - started < 1000) {
    await sleep(options.clock ?? systemClock, 250, options.signal)
  }
  return revision
}

function selection(options: InformerOptions) {
  return {
    namespace: options.namespace,
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  }
}

function typeOf(kind: Kind): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind }
}

type Store<T extends KubeObject> = ReturnType<typeof createStore<T>>

function keyOf(ref: { namespace?: string; name: string }): string {
  return `${ref.namespace ?? ''}/${ref.name}`
}

/** The objects with their indexes. */
function createStore<T extends KubeObject>() {
  const objects = new Map<string, T>()
  const uids = new Map<string, T>()
  const namespaces = new Map<string, Map<string, T>>()
  const owners = new Map<string, Map<string, T>>()
  const listeners = new Set<(change: InformerChange<T>) => void>()

  const ownerUids = (object: T) => (object.metadata.ownerReferences ?? []).map((owner) => owner.uid)

  function index(key: string, object: T) {
    objects.set(key, object)
    if (object.metadata.uid) uids.set(object.metadata.uid, object)
    insert(namespaces, object.metadata.namespace ?? '', { key, object })
    for (const uid of ownerUids(object)) insert(owners, uid, { key, object })
  }

  function unindex(key: string, object: T) {
    objects.delete(key)
    if (object.metadata.uid) uids.delete(object.metadata.uid)
    take(namespaces, object.metadata.namespace ?? '', key)
    for (const uid of ownerUids(object)) take(owners, uid, key)
  }

  function announce(change: InformerChange<T>) {
    for (const listener of listeners) listener(change)
  }

  function put(incoming: T) {
    const object = deepFreeze(incoming)
    const key = keyOf(object.metadata)
    const previous = objects.get(key)
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      remove(previous)
      return put(object)
    }
    if (previous) unindex(key, previous)
    index(key, object)
    if (!previous) announce({ type: 'ADDED', object })
    else if (previous.metadata.resourceVersion !== object.metadata.resourceVersion) {
      announce({ type: 'MODIFIED', object, previous })
    }
  }

  function remove(object: T) {
    const key = keyOf(object.metadata)
    const previous = objects.get(key)
    if (!previous) return
    unindex(key, previous)
    announce({ type: 'DELETED', object: deepFreeze(object) })
  }

  return {
    put,
    remove,
    replace(listed: readonly T[]) {
      const present = new Set(listed.map((object) => keyOf(object.metadata)))
      for (const [key, object] of [...objects]) if (!present.has(key)) remove(object)
      for (const object of listed) put(object)
    },
    get: (ref: ObjectRef) => objects.get(keyOf(ref)),
    byUid: (uid: string) => uids.get(uid),
    list: (namespace?: string) => [
      ...(namespace === undefined ? objects : (namespaces.get(namespace) ?? new Map<string, T>())).values(),
    ],
    ownedBy: (uid: string) => [...(owners.get(uid)?.values() ?? [])],
    subscribe(listener: (change: InformerChange<T>) => void) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}

function insert<T>(index: Map<string, Map<string, T>>, at: string, { key, object }: { key: string; object: T }) {
  const bucket = index.get(at) ?? new Map<string, T>()
  index.set(at, bucket.set(key, object))
}

function take<T>(index: Map<string, Map<string, T>>, at: string, key: string) {
  const bucket = index.get(at)
  bucket?.delete(key)
  if (bucket?.size === 0) index.delete(at)
}
