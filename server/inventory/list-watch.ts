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
  constructor(
    readonly status: KubeStatus,
    /** Before this many milliseconds the API does not want to be asked again. */
    readonly retryAfterMs = (status.details?.retryAfterSeconds ?? 0) * 1000,
  ) {
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
  /** An API server that says nothing for this long, before or within an answer, does not answer; default 20 s. */
  silenceMs?: number | undefined
}

const pageSize = 500
const maxEventBytes = 8 * 1024 * 1024
/** A watch is asked to end by itself within this time; one that outlives it by far has a dead peer. */
const watchSeconds = { least: 240, spread: 120 }
const deadPeerMs = 60_000
const defaultSilenceMs = 20_000
/** What an overloaded server asks for is honoured up to this. */
const longestRetryAfterMs = 60_000

export interface Snapshot {
  items: KubeObject[]
  /** Where a watch goes on from. */
  resourceVersion: string
}

/** Lists everything, page by page. Rejects with ApiRefused or a transport error. */
export async function listAll(options: ListWatchOptions): Promise<Snapshot> {
  const { connection, query, identity, signal, silenceMs = defaultSilenceMs } = options
  const items: KubeObject[] = []
  let next: string | undefined
  let resourceVersion = ''
  do {
    const parameters: Record<string, string> = { limit: String(pageSize) }
    if (next) parameters['continue'] = next
    const path = livePath(query, parameters)
    const answer = await connection.request({
      method: 'GET',
      path,
      headers: accept,
      identity,
      signal,
      headWithinMs: silenceMs,
    })
    const body = await readWhole(answer, silenceMs)
    if (answer.statusCode !== 200) throw refusalOf(answer, body)
    const page = readList(answer, body)
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
  const { connection, query, identity, signal, silenceMs = defaultSilenceMs } = options
  const seconds = watchSeconds.least + Math.floor(Math.random() * watchSeconds.spread)
  const path = livePath(query, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(seconds),
  })
  const answer = await connection.request({
    method: 'GET',
    path,
    headers: accept,
    identity,
    signal,
    headWithinMs: silenceMs,
  })
  if (answer.statusCode !== 200) throw refusalOf(answer, await readWhole(answer, silenceMs))
  const timer = setTimeout(
    () => answer.destroy(new Error('the watch did not end in time')),
    seconds * 1000 + deadPeerMs,
  )
  timer.unref()
  try {
    for await (const line of readLines(answer, maxEventBytes)) {
      const event = readEvent(answer, line)
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

/** The body as text. Rejects with ETIMEDOUT when nothing of it comes for a while. */
async function readWhole(answer: IncomingMessage, silenceMs: number): Promise<string> {
  const silent = () => {
    answer.destroy(Object.assign(new Error('the answer stopped coming'), { code: 'ETIMEDOUT' }))
  }
  let timer = setTimeout(silent, silenceMs)
  answer.on('data', () => {
    clearTimeout(timer)
    timer = setTimeout(silent, silenceMs)
  })
  try {
    return await text(answer)
  } finally {
    clearTimeout(timer)
  }
}

/** The API server's own answer to a list; what is in the items is passed on as it came. */
function readList(answer: IncomingMessage, body: string): KubeList {
  const parsed = readJson(answer, body)
  if (typeof parsed !== 'object' || parsed === null || !('metadata' in parsed) || !('kind' in parsed)) {
    throw new NotTheApi(answer)
  }
  // Every list of the API has these two; a server that lies about the rest is no API server.
  return parsed as KubeList
}

/** One line of a watch is one event, by the API's convention. */
function readEvent(answer: IncomingMessage, line: string): WatchEvent {
  const parsed = readJson(answer, line)
  if (typeof parsed !== 'object' || parsed === null || !('type' in parsed) || !('object' in parsed)) {
    throw new NotTheApi(answer)
  }
  return parsed as WatchEvent
}

/** Something answers in the API server's place: a proxy's page, half an answer. */
export class NotTheApi extends Error {
  constructor({ headers }: IncomingMessage) {
    const type = headers['content-type']?.split(';', 1)[0]?.slice(0, 60)
    super(`the answer is not one of the Kubernetes API${type && type !== 'application/json' ? ` (${type})` : ''}`)
  }
}

function readJson(answer: IncomingMessage, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    if (error instanceof SyntaxError) throw new NotTheApi(answer)
    throw error
  }
}

function refusalOf(answer: IncomingMessage, body: string): ApiRefused {
  const status = statusOf(answer, body)
  const seconds = Number(answer.headers['retry-after'] ?? status.details?.retryAfterSeconds)
  const wanted = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
  return new ApiRefused(status, Math.min(wanted, longestRetryAfterMs))
}

function statusOf(answer: IncomingMessage, body: string): KubeStatus {
  const { statusCode = 500 } = answer
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') {
      // Just checked to be what API servers answer errors with.
      return { code: statusCode, ...parsed } as KubeStatus
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return buildStatus(statusCode, wordsOf(answer, body) || `The API server answered ${statusCode}.`)
}

/** Words that a person may read; pages of markup say nothing. */
function wordsOf({ headers }: IncomingMessage, body: string): string {
  const isMarkup = /html|xml/.test(headers['content-type'] ?? '') || /^\s*</.test(body)
  return isMarkup ? '' : body.trim().slice(0, 500)
}
