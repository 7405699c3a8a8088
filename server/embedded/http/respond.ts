import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { createGzip, type Gzip, gzip as gzipCallback } from 'node:zlib'
import { stringify as stringifyYaml } from 'yaml'
import { internalError, StatusError } from '../errors/status-error'
import type { Log } from '../log'

const gzip = promisify(gzipCallback)

/** Smaller answers are not worth compressing (kube-apiserver's own threshold). */
const gzipThreshold = 128 * 1024

/** A client that takes nothing of a streamed answer for so long is cut off, in milliseconds. */
const stallLimit = 60_000

export interface Answer {
  status: number
  body: Buffer | string
  contentType?: string
  /** Default: never kept without asking. */
  cacheControl?: string
}

/** Sends a whole body, compressed when it is large and the client can take it. */
export async function sendBody(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  response.statusCode = answer.status
  response.setHeader('Content-Type', answer.contentType ?? 'application/json')
  response.setHeader('Cache-Control', answer.cacheControl ?? 'no-cache, private')
  if (body.length > gzipThreshold && acceptsGzip(request)) {
    const small = await gzip(body, { level: 1 })
    response.setHeader('Content-Encoding', 'gzip')
    response.setHeader('Content-Length', small.length)
    response.end(request.method === 'HEAD' ? undefined : small)
    return
  }
  response.setHeader('Content-Length', body.length)
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown): Promise<void> {
  return sendBody(request, response, { status: 200, body: JSON.stringify(value) })
}

export function toYaml(json: Buffer): string {
  return stringifyYaml(JSON.parse(json.toString('utf8')), { version: '1.1', aliasDuplicateObjects: false })
}

export function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
}

/** Answers an error; what is no StatusError is logged and becomes a 500 that tells no secrets. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown, log: Log): void {
  const failure = asStatusError(error)
  if (failure.code >= 500) log.error({ err: error, method: request.method, url: request.url }, 'request failed')
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (failure.code === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="chiave"')
  const retryAfter = failure.status.details?.retryAfterSeconds
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter)
  // The rest of an unread body is of no interest: the connection ends with this answer.
  if (!request.complete) response.setHeader('Connection', 'close')
  const body = JSON.stringify(failure.status)
  response.writeHead(failure.code, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Handlers from other rooms throw errors that merely carry a Status. */
export function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error
  if (error instanceof URIError) {
    return new StatusError({ message: 'the path is not valid', reason: 'BadRequest', code: 400 }, { cause: error })
  }
  if (error instanceof Error && 'status' in error && isStatus(error.status)) {
    return new StatusError({ ...error.status }, { cause: error })
  }
  return internalError('the API server failed; its log says more')
}

function isStatus(value: unknown): value is StatusError['status'] {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
}

/** Writes to a response of unknown length without ever holding much of it; compressed when the client can take it. */
export class StreamedBody {
  readonly #response: ServerResponse
  readonly #gzip: Gzip | undefined

  constructor(request: IncomingMessage, response: ServerResponse, options: { compress: boolean }) {
    this.#response = response
    if (options.compress && acceptsGzip(request)) {
      response.setHeader('Content-Encoding', 'gzip')
      this.#gzip = createGzip({ level: 1 })
      this.#gzip.pipe(response)
    }
  }

  /** Resolves when more may be written; false when the client is gone. */
  async write(chunk: Buffer): Promise<boolean> {
    const sink = this.#gzip ?? this.#response
    if (this.#response.destroyed) return false
    if (sink.write(chunk)) return true
    const gone = new AbortController()
    const leave = (): void => gone.abort()
    this.#response.once('close', leave)
    // What it holds of the state until it is told must not be held for a client that does not take it.
    const stall = setTimeout(() => this.#response.destroy(), stallLimit)
    try {
      await once(sink, 'drain', { signal: gone.signal })
      return true
    } catch (error) {
      if (gone.signal.aborted) return false
      throw error
    } finally {
      clearTimeout(stall)
      this.#response.off('close', leave)
    }
  }

  end(chunk: string): void {
    ;(this.#gzip ?? this.#response).end(chunk)
  }
}
