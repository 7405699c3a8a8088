import http from 'node:http'
import https from 'node:https'
import type { ApiTarget } from './kubeconfig'

type JsonObject = Record<string, unknown>

/** Fields of metadata that tests look into; written by the server, so trusted to be of these types. */
export interface Meta extends JsonObject {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  managedFields?: ManagedFields[]
  continue?: string
  remainingItemCount?: number
}

export interface ManagedFields {
  manager: string
  operation: string
  apiVersion: string
  time: string
  fieldsType: string
  fieldsV1: JsonObject
  subresource?: string
}

/** Whatever the server answered: an object, a list, a table or a Status. */
export interface Thing extends JsonObject {
  apiVersion: string
  kind: string
  metadata: Meta
  items: Thing[]
  data?: Record<string, string>
  message?: string
  details?: { causes?: { reason?: string; message?: string; field?: string }[] } & JsonObject
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  raw: Buffer
  json: Thing
  /** The texts of the Warning headers (RFC 7234). */
  warnings: string[]
}

export interface CallOptions {
  /** Sent as JSON unless it is a string or bytes. */
  body?: unknown
  type?: string
  accept?: string
  headers?: Record<string, string>
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Instead of the kubeconfig's credentials; '' for none. */
  token?: string
}

export interface WatchEvent {
  type: string
  object: Thing
}

const patience = 30_000

/** A plain HTTP client with a kubeconfig's credentials: nothing between the tests and the wire. */
export class ApiClient {
  readonly #target: ApiTarget
  readonly #agent: http.Agent

  constructor(target: ApiTarget) {
    this.#target = target
    this.#agent =
      target.server.protocol === 'http:' ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true })
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.#request(method, path, options)
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const raw = Buffer.concat(chunks)
    const text = raw.toString('utf8')
    const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '') && !response.headers['content-encoding']
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      raw,
      text,
      // Tests say what they expect to find in it.
      json: (isJson && text !== '' ? JSON.parse(text) : {}) as Thing,
      warnings: readWarnings(response),
    }
  }

  get(path: string, options?: CallOptions): Promise<Answer> {
    return this.call('GET', path, options)
  }

  create(path: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('POST', path, { body, ...options })
  }

  update(path: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('PUT', path, { body, ...options })
  }

  delete(path: string, options?: CallOptions): Promise<Answer> {
    return this.call('DELETE', path, options)
  }

  patch(path: string, form: 'json' | 'merge' | 'strategic-merge', body: unknown, options: CallOptions = {}) {
    return this.call('PATCH', path, { body, type: `application/${form}-patch+json`, ...options })
  }

  /** Server-side apply. */
  apply(
    path: string,
    body: unknown,
    query: { fieldManager: string; force?: boolean } & NonNullable<CallOptions['query']>,
  ) {
    return this.call('PATCH', path, { body, type: 'application/apply-patch+yaml', query })
  }

  /** Opens a watch; resolves as soon as the server has answered with its headers. */
  async watch(path: string, options: CallOptions = {}): Promise<Watch> {
    const response = await this.#request('GET', path, { ...options, query: { watch: true, ...options.query } })
    return new Watch(response)
  }

  close(): void {
    this.#agent.destroy()
  }

  #request(method: string, path: string, options: CallOptions): Promise<http.IncomingMessage> {
    const { server, ca, certificate, key, insecure } = this.#target
    const token = options.token ?? this.#target.token
    const withoutCredentials = options.token !== undefined
    const body = encode(options.body)
    const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server)
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.append(name, String(value))
    }
    const headers: http.OutgoingHttpHeaders = {
      accept: options.accept ?? 'application/json',
      'user-agent': 'api-suite/1',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined
        ? {}
        : { 'content-type': options.type ?? 'application/json', 'content-length': body.length }),
      ...options.headers,
    }
    const tls = { ca, rejectUnauthorized: !insecure, ...(withoutCredentials ? {} : { cert: certificate, key }) }
    return new Promise((resolve, reject) => {
      const chosen = server.protocol === 'http:' ? http : https
      // A connection that was opened with the kubeconfig's certificate must not serve somebody else.
      const agent = withoutCredentials ? undefined : this.#agent
      const request = chosen.request(url, { method, headers, agent, ...(chosen === https ? tls : {}) }, resolve)
      request.setTimeout(options.query?.['watch'] ? 0 : patience, () =>
        request.destroy(new Error(`${method} ${url.pathname}: no answer`)),
      )
      request.on('error', reject)
      request.end(body)
    })
  }
}

function encode(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function readWarnings(response: http.IncomingMessage): string[] {
  return response.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'warning'
      ? [...(response.rawHeaders[index + 1] ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((found) =>
          (found[1] ?? '').replace(/\\(.)/g, '$1'),
        )
      : [],
  )
}

/** The events of one watch, in the order they came. */
export class Watch {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly ended: Promise<void>
  readonly #response: http.IncomingMessage
  readonly #events: WatchEvent[] = []
  #rest = ''
  #isOver = false
  #wake = (): void => undefined

  constructor(response: http.IncomingMessage) {
    this.#response = response
    this.status = response.statusCode ?? 0
    this.headers = response.headers
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => this.#take(chunk))
    this.ended = new Promise((resolve) =>
      response.once('close', () => {
        this.#isOver = true
        this.#wake()
        resolve()
      }),
    )
    // A watch that the test itself closes ends with an error that tells nothing.
    response.on('error', () => this.#wake())
  }

  /** The next event; rejects when there is none in time. */
  async next(milliseconds = patience): Promise<WatchEvent> {
    const deadline = Date.now() + milliseconds
    for (;;) {
      const event = this.#events.shift()
      if (event) return event
      if (this.#isOver) throw new Error('the watch has ended')
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`no event within ${milliseconds} ms`)
      await this.#news(left)
    }
  }

  /** The next event that is no bookmark. */
  async change(): Promise<WatchEvent> {
    for (;;) {
      const event = await this.next()
      if (event.type !== 'BOOKMARK') return event
    }
  }

  /** `TYPE name` of the next changes. */
  async changes(count: number): Promise<string[]> {
    const seen: string[] = []
    while (seen.length < count) {
      const { type, object } = await this.change()
      seen.push(`${type} ${object.metadata.name}`)
    }
    return seen
  }

  close(): void {
    this.#response.destroy()
  }

  #news(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    // One JSON event per line is what a watch is.
    for (const line of lines) if (line !== '') this.#events.push(JSON.parse(line) as WatchEvent)
    this.#wake()
  }
}
