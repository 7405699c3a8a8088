import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { KubeList, KubeObject, KubeStatus, WatchEvent } from '@/contract/kube-object'
import type { LiveQuery } from '@/contract/live'
import type { Connection, Identity } from '@/server/cluster/connection'
import { buildStatus } from '@/server/proxy/status-response'
import { readLines } from './json-lines'
import { livePath } from './live-query'

/** The API answered with an error of its own. */
export class ApiRefused extends Error {
  constructor(readonly status: KubeStatus) {
    super(status.message ?? `the API answered ${status.code}`)
    this.name = 'ApiRefused'
  }

  /** The resource version is too old to go on from. */
  get expired(): boolean {
    return this.status.code === 410 || this.status.reason === 'Expired' || this.status.reason === 'Gone'
  }
}

export interface ListWatchOptions {
  connection: Connection
  query: LiveQuery
  identity: Identity
  signal: AbortSignal
}

const pageSize = 500
const maxEventBytes = 8 * 1024 * 1024
/** A watch is asked to end by itself within this time; one that outlives it by far has a dead peer. */
const watchSeconds = { least: 240, spread: 120 }
const deadPeerMs = 60_000

export interface Snapshot {
  items: KubeObject[]
  /** Where a watch goes on from. */
  resourceVersion: string
}

/** Lists everything, page by page. Rejects with ApiRefused or a transport error. */
export async function listAll({ connection, query, identity, signal }: ListWatchOptions): Promise<Snapshot> {
  const items: KubeObject[] = []
  let next: string | undefined
  let resourceVersion = ''
  do {
    const parameters: Record<string, string> = { limit: String(pageSize) }
    if (next) parameters['continue'] = next
    const path = livePath(query, parameters)
    const answer = await connection.request({ method: 'GET', path, headers: accept, identity, signal })
    const body = await text(answer)
    if (answer.statusCode !== 200) throw new ApiRefused(statusOf(answer, body))
    // The API server's own answer to a list; what is in the items is passed on as it came.
    const page = JSON.parse(body) as KubeList
    for (const item of page.items ?? []) items.push(completed(item, page))
    resourceVersion = page.metadata.resourceVersion ?? ''
    next = page.metadata.continue
  } while (next)
  return { items, resourceVersion }
}

/**
 * The changes after a resource version, until the server ends the watch in good order. An ERROR event throws ApiRefused;
 * a broken connection throws its error.
 */
export async function* watchFrom(options: ListWatchOptions, resourceVersion: string): AsyncGenerator<WatchEvent> {
  const { connection, query, identity, signal } = options
  const seconds = watchSeconds.least + Math.floor(Math.random() * watchSeconds.spread)
  const path = livePath(query, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(seconds),
  })
  const answer = await connection.request({ method: 'GET', path, headers: accept, identity, signal })
  if (answer.statusCode !== 200) throw new ApiRefused(statusOf(answer, await text(answer)))
  const timer = setTimeout(
    () => answer.destroy(new Error('the watch did not end in time')),
    seconds * 1000 + deadPeerMs,
  )
  timer.unref()
  try {
    for await (const line of readLines(answer, maxEventBytes)) {
      // One line of a watch is one event, by the API's convention.
      const event = JSON.parse(line) as WatchEvent
      if (event.type === 'ERROR') throw new ApiRefused(event.object)
      yield event.type === 'BOOKMARK' ? event : { type: event.type, object: withoutManagedFields(event.object) }
    }
  } finally {
    clearTimeout(timer)
    answer.destroy()
  }
}

const accept = { accept: 'application/json' }

/** Items of a list of a built-in kind carry no kind of their own. */
function completed(item: KubeObject, list: KubeList): KubeObject {
  const { apiVersion = list.apiVersion, kind = list.kind.replace(/List$/, ''), ...rest } = item
  return withoutManagedFields({ apiVersion, kind, ...rest })
}

/** A third of an object's bytes, and of no use to a page: who edits an object fetches it. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata && 'managedFields' in object.metadata) delete object.metadata.managedFields
  return object
}

function statusOf({ statusCode = 500 }: IncomingMessage, body: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') {
      // Just checked to be what API servers answer errors with.
      return { code: statusCode, ...parsed } as KubeStatus
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return buildStatus(statusCode, body.trim().slice(0, 500) || `The API answered ${statusCode}.`)
}
