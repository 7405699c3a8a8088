import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from 'pino'
import type { KubeStatus } from '@/contract/kube-object'
import { type Connection, type UpgradedConnection, UpgradeRefused } from '@/server/cluster/connection'
import { type ApiTarget, BadPath, parseApiTarget } from './api-path'
import type { Caller } from './caller'
import { forwardedRequestHeaders, forwardedResponseHeaders, forwardedUpgradeHeaders } from './forwarded-headers'
import { type BodyLimits, BodyRefused, limitedBody } from './request-body'
import { splice } from './splice'
import { buildStatus, describeUnreachable, refuseUpgrade, responseOnSocket, sendStatus } from './status-response'

export interface ApiProxyOptions {
  connections: readonly Connection[]
  log: Logger
  /** Default: 8 MiB within a minute; API servers themselves take 3 MiB. */
  bodyLimits?: BodyLimits
}

export interface ApiProxy {
  /** Answers a request below `/k8s/`. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>
  /** Joins an upgrade below `/k8s/` with the API server's. Never rejects. */
  handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void>
}

export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const upgradeProtocols = /^(websocket|spdy\/3\.1)$/i

interface ProxyCall extends ApiTarget {
  connection: Connection
  caller: Caller
  request: IncomingMessage
  startedAt: number
}

/**
 * `/k8s/<cluster>/…` is that cluster's API for the caller: bodies stream both ways, each byte as it comes, and nothing of
 * the browser's cookies, tokens or claims about itself goes through. Every call that may change something, and every
 * stream, leaves one line in the log with who, what and the outcome, never with bodies, queries or tokens.
 */
export function createApiProxy({ connections, log, bodyLimits }: ApiProxyOptions): ApiProxy {
  const byName = new Map(connections.map((connection) => [connection.name, connection]))
  const limits = bodyLimits ?? { maxBytes: 8 * 1024 * 1024, timeoutMs: 60_000 }

  /** The call, or why there is none. */
  function resolveCall(request: IncomingMessage, caller: Caller): ProxyCall | KubeStatus {
    let target: ApiTarget
    try {
      target = parseApiTarget(request.url ?? '/')
    } catch (error) {
      if (error instanceof BadPath) return buildStatus(400, `Bad address: ${error.message}.`)
      throw error
    }
    const connection = byName.get(target.cluster)
    if (!connection) return buildStatus(404, `There is no cluster "${target.cluster}" here.`)
    return { ...target, connection, caller, request, startedAt: performance.now() }
  }

  function audit({ caller, cluster, path, request, startedAt }: ProxyCall, status: number): void {
    const { method, headers } = request
    if (headers.upgrade === undefined && readingMethods.has(method ?? '')) return
    const { requestId, user } = caller
    const durationMs = Math.round(performance.now() - startedAt)
    const line = { audit: true, requestId, user, cluster, method, path: path.split('?', 1)[0], status, durationMs }
    log.info(line, headers.upgrade === undefined ? 'API call' : 'API stream')
  }

  async function handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const call = resolveCall(request, caller)
    if ('kind' in call) return sendStatus(response, call)
    // A script from a pod must never become the worker that answers for our pages.
    if (request.headers['service-worker'] !== undefined) {
      return sendStatus(response, buildStatus(403, 'The API serves no service workers.'))
    }
    const { signal, settle } = abortSignal(caller.ended, response)
    try {
      const body = limitedBody(request, limits)
      // A body that breaks the limits fails the upstream request with the very error.
      const upstream = await call.connection.request({
        method: request.method ?? 'GET',
        path: call.path,
        headers: forwardedRequestHeaders(request.headers),
        body,
        identity: caller.identity,
        signal,
      })
      audit(call, upstream.statusCode ?? 0)
      await relay(upstream, response, call.cluster)
    } catch (error) {
      if (response.headersSent || response.destroyed || signal.aborted) {
        // The head is out, or nobody is left to read one: a cut connection says that the answer is not whole.
        log.debug({ requestId: caller.requestId, cluster: call.cluster, err: error }, 'API call cut off')
        response.destroy()
        return
      }
      const status =
        error instanceof BodyRefused ? buildStatus(error.code, error.message) : describeUnreachable(call.cluster, error)
      audit(call, status.code ?? 0)
      sendStatus(response, status)
    } finally {
      settle()
    }
  }

  async function handleUpgrade({ request, socket, head }: Upgrade, caller: Caller): Promise<void> {
    const call = resolveCall(request, caller)
    if ('kind' in call) return refuseUpgrade(request, socket, call)
    if (!upgradeProtocols.test(request.headers.upgrade ?? '')) {
      return refuseUpgrade(request, socket, buildStatus(400, 'The API upgrades to WebSocket or SPDY only.'))
    }
    const { signal, settle } = abortSignal(caller.ended, socket)
    try {
      const upstream = await call.connection.upgrade({
        method: request.method ?? 'GET',
        path: call.path,
        headers: forwardedUpgradeHeaders(request.headers),
        identity: caller.identity,
        signal,
      })
      audit(call, 101)
      joinUpgraded({ request, socket, head }, upstream, settle)
    } catch (error) {
      settle()
      await answerRefusal({ request, socket, head }, call, error)
    }
  }

  async function answerRefusal({ request, socket }: Upgrade, call: ProxyCall, error: unknown): Promise<void> {
    if (!(error instanceof UpgradeRefused)) {
      const status = describeUnreachable(call.cluster, error)
      audit(call, status.code ?? 0)
      return refuseUpgrade(request, socket, status)
    }
    audit(call, error.response.statusCode ?? 0)
    const response = responseOnSocket(request, socket)
    if (!response) {
      error.response.destroy()
      return
    }
    try {
      await relay(error.response, response, call.cluster)
    } catch (relayError) {
      log.debug({ requestId: call.caller.requestId, cluster: call.cluster, err: relayError }, 'API refusal cut off')
      socket.destroy()
    }
  }

  return { handle, handleUpgrade }
}

async function relay(upstream: IncomingMessage, response: ServerResponse, cluster: string): Promise<void> {
  response.writeHead(
    upstream.statusCode ?? 502,
    upstream.statusMessage,
    forwardedResponseHeaders(upstream.headers, cluster),
  )
  // A watch may have nothing to say for minutes: its head must not wait for the first event.
  if (upstream.headers['content-length'] === undefined) response.flushHeaders()
  await pipeline(upstream, response)
}

const upgradeResponseHeaders = [
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'x-stream-protocol-version',
]

function joinUpgraded({ socket, head }: Upgrade, upstream: UpgradedConnection, onClose: () => void): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'connection: Upgrade']
  for (const name of upgradeResponseHeaders) {
    const value = upstream.response.headers[name]
    if (typeof value === 'string') lines.push(`${name}: ${value}`)
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (upstream.head.length > 0) socket.write(upstream.head)
  if (head.length > 0) upstream.socket.write(head)
  splice(socket, upstream.socket, onClose)
}

/** Aborts when the client goes away before its answer is whole, or when the session ends; `settle` lets go of both. */
function abortSignal(ended: AbortSignal, client: ServerResponse | Duplex): { signal: AbortSignal; settle: () => void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const closed = () => {
    if (!client.writableFinished) abort()
  }
  client.once('close', closed)
  if (ended.aborted) abort()
  else ended.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    settle: () => {
      client.off('close', closed)
      ended.removeEventListener('abort', abort)
    },
  }
}
