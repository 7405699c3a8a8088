// One closure is the whole fixture: its functions share the state that stands for a server.
/* eslint-disable max-lines-per-function, complexity */
import { isDeepStrictEqual } from 'node:util'
import { applyPatch, type Operation } from 'rfc6902'
import { apiVersionOf, type Kind } from '@/contract/kinds/kind'
import type { KubeObject, KubeStatus, ObjectRef, WatchEvent } from '@/contract/kube-object'
import { formatTime } from '../clock'
import { ApiError, type KubeClient, type WatchOptions } from '../kube-client'

/** An API server's rules of storage in memory, so that controllers' logic can be tried thousands of times a second. */
export interface MemoryApi {
  client: KubeClient
  /** Called before each call; throw to make it fail before it has an effect. */
  before?: ((call: string) => void) | undefined
  /** Called after the effect; throw to lose the answer. */
  after?: ((call: string) => void) | undefined
  all<T extends KubeObject>(kind: Kind<T>): T[]
  /** Every object of every kind. */
  everything(): KubeObject[]
  /** Ends all watches, optionally so that the client has to list anew. */
  breakWatches(expired: boolean): void
  readonly calls: string[]
}

interface Watcher {
  key: string
  namespace: string | undefined
  push(event: WatchEvent): void
  end(): void
}

type Stored = KubeObject & { spec?: unknown; status?: unknown }

const deepCopy = <T>(value: T): T => structuredClone(value)

function failure(code: number, reason: string, message: string): ApiError {
  const status: KubeStatus = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message,
  }
  return new ApiError(status)
}

export function createMemoryApi({ now = Date.now }: { now?: () => number } = {}): MemoryApi {
  const tables = new Map<string, Map<string, Stored>>()
  const log: { key: string; revision: number; event: WatchEvent }[] = []
  const watchers = new Set<Watcher>()
  let revision = 1
  let uids = 0

  const tableKey = (kind: Kind) => `${kind.plural}.${kind.group}`
  const table = (kind: Kind) => {
    const key = tableKey(kind)
    const found = tables.get(key) ?? new Map<string, Stored>()
    tables.set(key, found)
    return found
  }
  const keyOf = (ref: { namespace?: string | undefined; name: string }) => `${ref.namespace ?? ''}/${ref.name}`

  function commit(kind: Kind, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored): Stored {
    revision += 1
    object.metadata.resourceVersion = String(revision)
    if (type === 'DELETED') table(kind).delete(keyOf(object.metadata))
    else table(kind).set(keyOf(object.metadata), object)
    const event = { type, object: deepCopy(object) }
    log.push({ key: tableKey(kind), revision, event })
    for (const watcher of watchers) {
      if (watcher.key !== tableKey(kind)) continue
      if (watcher.namespace && watcher.namespace !== object.metadata.namespace) continue
      watcher.push(deepCopy(event))
    }
    return object
  }

  function must(kind: Kind, ref: { namespace?: string | undefined; name: string }): Stored {
    const found = table(kind).get(keyOf(ref))
    if (!found) throw failure(404, 'NotFound', `${kind.plural} "${ref.name}" not found`)
    return found
  }

  function create(kind: Kind, input: KubeObject): Stored {
    const object: Stored = deepCopy(input)
    if (!object.metadata.name)
      object.metadata.name = `${object.metadata.generateName}${(uids + 1).toString(36).padStart(5, '0')}`
    if (table(kind).has(keyOf(object.metadata))) {
      throw failure(409, 'AlreadyExists', `${kind.plural} "${object.metadata.name}" already exists`)
    }
    const namespace = tables.get('namespaces.')?.get(`/${object.metadata.namespace}`)
    if (kind.namespaced && tables.has('namespaces.') && !namespace) {
      throw failure(404, 'NotFound', `namespaces "${object.metadata.namespace}" not found`)
    }
    if (namespace?.metadata.deletionTimestamp) {
      throw failure(403, 'Forbidden', `unable to create new content in namespace ${object.metadata.namespace}`)
    }
    uids += 1
    object.metadata.uid = `00000000-0000-4000-8000-${String(uids).padStart(12, '0')}`
    object.metadata.creationTimestamp = formatTime(now())
    object.metadata.generation = 1
    if (kind.statusSubresource) delete object.status
    if (kind.kind === 'Namespace') object.spec = { finalizers: ['kubernetes'] }
    return commit(kind, 'ADDED', object)
  }

  function put(kind: Kind, input: KubeObject, subresource?: 'status'): Stored {
    const current = must(kind, input.metadata)
    const { resourceVersion } = input.metadata
    if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
      throw failure(409, 'Conflict', `Operation cannot be fulfilled on ${kind.plural} "${input.metadata.name}"`)
    }
    const next: Stored = subresource
      ? { ...deepCopy(current), status: deepCopy((input as Stored).status) }
      : deepCopy(input)
    if (!subresource && kind.statusSubresource) {
      if (current.status === undefined) delete next.status
      else next.status = deepCopy(current.status)
    }
    const { uid, creationTimestamp, deletionTimestamp, generation } = current.metadata
    next.metadata = { ...next.metadata, ...(uid ? { uid } : {}), ...(creationTimestamp ? { creationTimestamp } : {}) }
    if (deletionTimestamp) next.metadata.deletionTimestamp = deletionTimestamp
    const specChanged = !isDeepStrictEqual(next.spec, current.spec)
    next.metadata.generation = (generation ?? 1) + (specChanged ? 1 : 0)
    next.metadata.resourceVersion = current.metadata.resourceVersion ?? ''
    if (isDeepStrictEqual(next, current)) return current
    if (next.metadata.deletionTimestamp && !next.metadata.finalizers?.length && kind.kind !== 'Namespace')
      return commit(kind, 'DELETED', next)
    return commit(kind, 'MODIFIED', next)
  }

  function remove(kind: Kind, ref: ObjectRef, options: Parameters<KubeClient['delete']>[2]) {
    const current = table(kind).get(keyOf(ref))
    if (!current) return
    if (options?.preconditions?.uid && options.preconditions.uid !== current.metadata.uid) {
      throw failure(409, 'Conflict', 'the UID in the precondition does not match')
    }
    const next = deepCopy(current)
    if (options?.propagationPolicy === 'Foreground') {
      next.metadata.finalizers = [...(next.metadata.finalizers ?? []), 'foregroundDeletion']
    }
    if (options?.propagationPolicy === 'Orphan') {
      next.metadata.finalizers = [...(next.metadata.finalizers ?? []), 'orphan']
    }
    if (kind.kind === 'Namespace') next.status = { phase: 'Terminating' }
    if (next.metadata.finalizers?.length || kind.kind === 'Namespace') {
      if (current.metadata.deletionTimestamp) return
      next.metadata.deletionTimestamp = formatTime(now())
      commit(kind, 'MODIFIED', next)
    } else commit(kind, 'DELETED', next)
  }

  function call<R>(name: string, work: () => R): Promise<R> {
    try {
      api.calls.push(name)
      api.before?.(name)
      const result = deepCopy(work())
      api.after?.(name)
      return Promise.resolve(result)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }
  const describe = (verb: string, kind: Kind, ref: { namespace?: string | undefined; name?: string }) =>
    `${verb} ${kind.plural} ${ref.namespace ?? ''}/${ref.name ?? ''}`

  // The store keeps objects by kind; what comes out under a kind is of that kind.
  const as = <T>(value: unknown): T => value as T

  const client: KubeClient = {
    get: (kind, ref) => call(describe('get', kind, ref), () => as(must(kind, ref))),
    find: (kind, ref) => call(describe('get', kind, ref), () => as(table(kind).get(keyOf(ref)))),
    list: (kind, options = {}) =>
      call(describe('list', kind, options), () => {
        const all = [...table(kind).values()].filter(
          (object) => !options.namespace || object.metadata.namespace === options.namespace,
        )
        const start = Number(options.continue ?? 0)
        const end = start + (options.limit ?? all.length)
        return as({
          apiVersion: apiVersionOf(kind),
          kind: kind.listKind,
          metadata: { resourceVersion: String(revision), ...(end < all.length ? { continue: String(end) } : {}) },
          items: all.slice(start, end),
        })
      }),
    watch: <T extends KubeObject>(kind: Kind<T>, options: WatchOptions = {}) => {
      api.before?.(describe('watch', kind, {}))
      return as<AsyncIterable<WatchEvent<T>>>(watch(kind, options))
    },
    create: (kind, object) => call(describe('create', kind, object.metadata), () => as(create(kind, object))),
    update: (kind, object) => call(describe('update', kind, object.metadata), () => as(put(kind, object))),
    updateStatus: (kind, object) =>
      call(describe('updateStatus', kind, object.metadata), () =>
        as(put(kind, object, kind.statusSubresource ? 'status' : undefined)),
      ),
    patch: (kind, location, patch) =>
      call(describe('patch', kind, location), () => {
        if (patch.type === 'apply' && !table(kind).has(keyOf(location))) return as(create(kind, patch.body))
        const next = deepCopy(must(kind, location))
        if (patch.type === 'json') {
          const failed = applyPatch(next, deepCopy(patch.body) as Operation[]).find((error) => error !== null)
          if (failed) throw failure(422, 'Invalid', 'the server rejected our request due to an error in our request')
        } else merge(next, patch.body)
        delete next.metadata.resourceVersion
        return as(put(kind, next, location.subresource === 'status' ? 'status' : undefined))
      }),
    delete: (kind, ref, options) => call(describe('delete', kind, ref), () => remove(kind, ref, options)),
    raw: (method, path, body) =>
      call(`${method} ${path}`, () => {
        const match = /^\/api\/v1\/namespaces\/([^/]+)\/finalize$/.exec(path)
        if (!match) throw failure(404, 'NotFound', `no such path: ${path}`)
        const kind = { ...namespaceTable, plural: 'namespaces' }
        const stored = must(kind, { name: match[1] ?? '' })
        const finalizers = as<{ spec?: { finalizers?: string[] } }>(body).spec?.finalizers ?? []
        return commit(kind, finalizers.length === 0 ? 'DELETED' : 'MODIFIED', deepCopy(stored))
      }),
  }

  const namespaceTable: Kind = {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    plural: 'namespaces',
    singular: 'namespace',
    listKind: 'NamespaceList',
    shortNames: [],
    categories: [],
    namespaced: false,
    statusSubresource: true,
    columns: [],
  }

  async function* watch(kind: Kind, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const from = Number(options.resourceVersion ?? revision)
    const queue: WatchEvent[] = log
      .filter((entry) => entry.key === tableKey(kind) && entry.revision > from)
      .map((entry) => deepCopy(entry.event))
    let wake = () => {}
    let ended = false
    const watcher: Watcher = {
      key: tableKey(kind),
      namespace: options.namespace,
      push(event) {
        queue.push(event)
        wake()
      },
      end() {
        ended = true
        wake()
      },
    }
    watchers.add(watcher)
    options.signal?.addEventListener('abort', watcher.end, { once: true })
    try {
      while (!options.signal?.aborted) {
        const event = queue.shift()
        if (event) yield event
        else if (ended) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      watchers.delete(watcher)
    }
  }

  const api: MemoryApi = {
    client,
    calls: [],
    all: (kind) => as([...table(kind).values()].map(deepCopy)),
    everything: () => [...tables.values()].flatMap((objects) => [...objects.values()].map(deepCopy)),
    breakWatches(expired) {
      for (const watcher of [...watchers]) {
        if (expired) {
          const { status } = failure(410, 'Expired', 'too old resource version')
          watcher.push({ type: 'ERROR', object: status })
        }
        watcher.end()
      }
    },
  }
  return api
}

/** RFC 7396, in place. */
function merge(target: object, patch: unknown): void {
  const into = target as Record<string, unknown>
  for (const [key, value] of Object.entries((patch ?? {}) as Record<string, unknown>)) {
    if (value === null) delete into[key]
    else if (typeof value === 'object' && !Array.isArray(value)) {
      const child = into[key]
      if (child === null || typeof child !== 'object' || Array.isArray(child)) into[key] = {}
      merge(into[key] as object, value)
    } else into[key] = value
  }
}
