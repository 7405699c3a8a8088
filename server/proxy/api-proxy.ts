import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type ConnectionDirectory, UpgradeRefused } from '@/server/cluster/connection'
import { objectBefore, passAnswer, textOf, upstreamRequest } from './call-answer'
import type { CallGuard } from './call-guard'
import { type CallLimiter, createCallLimiter } from './call-limits'
import type { CallRecorder } from './call-recorder'
import type { Caller } from './caller'
import { forwardedUpgradeHeaders } from './forwarded-headers'
import { createAdmission, logCall, noteOutcome, type ProxyCall } from './proxy-call'
import { joinUpgraded } from './relay'
import { type BodyLimits, BodyRefused, limitedBody } from './request-body'
import { buildStatus, describeUnreachable, refuseUpgrade, responseOnSocket, sendStatus } from './status-response'
import type { Upgrade } from './upgrade'

export interface ApiProxyOptions {
  connections: ConnectionDirectory
  log: Logger
  /** Default: 8 MiB within a minute; API servers themselves take 3 MiB. */
  bodyLimits?: BodyLimits
  /** Default: one of its own with `defaultCallLimits`. */
  limiter?: CallLimiter | undefined
  /** From the end of the request to the answer's head, unless it is a stream. Default 65 s. */
  headTimeoutMs?: number
  guard?: CallGuard | undefined
  recorder?: CallRecorder | undefined
}

export interface ApiProxy {
  /** Answers a request below `/k8s/`. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>
  /** Joins an upgrade below `/k8s/` with the API server's. Never rejects. */
  handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void>
}

const upgradeProtocols = /^(websocket|spdy\/3\.1)$/i
/** API servers give up after a minute and say so in their own words, which come first. */
const defaultHeadTimeoutMs = 65_000

/**
 * `/k8s/<cluster>/…` is that cluster's API for the caller: bodies stream both ways, each byte as it comes, and nothing of
 * the browser's cookies, tokens or claims about itself goes through. Every call that may change something, and every
 * stream, leaves one line in the log with who, what and the outcome, never with bodies, queries or tokens.
 */
export function createApiProxy(options: ApiProxyOptions): ApiProxy {
  const { log } = options
  const bodyLimits = options.bodyLimits ?? { maxBytes: 8 * 1024 * 1024, timeoutMs: 60_000 }
  const headTimeoutMs = options.headTimeoutMs ?? defaultHeadTimeoutMs
  const admit = createAdmission({ ...options, limiter: options.limiter ?? createCallLimiter() })

  async function handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const call = admit(request, caller)
    if ('kind' in call) return sendStatus(response, call)
    // A script from a pod must never become the worker that answers for our pages.
    if (request.headers['service-worker'] !== undefined) {
      call.leave()
      return sendStatus(response, buildStatus(403, 'The API serves no service workers.'))
    }
    const life = abortSignal(caller.ended, response)
    try {
      const before = await objectBefore(call, life.signal)
      const upstream = await sendRequest(call, life.signal)
      await passAnswer(log, { call, upstream, response, before })
    } catch (error) {
      failed(call, response, life.signal, error)
    } finally {
      life.settle()
      call.leave()
    }
  }

  function sendRequest(call: ProxyCall, signal: AbortSignal): Promise<IncomingMessage> {
    const body = limitedBody(call.request, bodyLimits)
    const headWithinMs = call.longRunning ? undefined : headTimeoutMs + (body ? bodyLimits.timeoutMs : 0)
    // A body that breaks the limits fails the upstream request with the very error.
    return call.connection.request({ ...upstreamRequest(call, signal), body, headWithinMs })
  }

  function failed(call: ProxyCall, response: ServerResponse, signal: AbortSignal, error: unknown): void {
    const { caller, cluster } = call
    if (response.headersSent || response.destroyed || signal.aborted) {
      // The head is out, or nobody is left to read one: a cut connection says that the answer is not whole.
      log.debug({ requestId: caller.requestId, cluster, err: error }, 'API call cut off')
      if (!response.headersSent) noteOutcome(log, call, { status: 0, message: 'The caller left before the answer.' })
      response.destroy()
      return
    }
    const status =
      error instanceof BodyRefused ? buildStatus(error.code, error.message) : describeUnreachable(cluster, error)
    noteOutcome(log, call, { status: status.code ?? 0, message: status.message })
    sendStatus(response, status)
  }

  async function handleUpgrade({ request, socket, head }: Upgrade, caller: Caller): Promise<void> {
    const call = admit(request, caller)
    if ('kind' in call) return refuseUpgrade(request, socket, call)
    if (!upgradeProtocols.test(request.headers.upgrade ?? '')) {
      call.leave()
      return refuseUpgrade(request, socket, buildStatus(400, 'The API upgrades to WebSocket or SPDY only.'))
    }
    const life = abortSignal(caller.ended, socket)
    try {
      const headers = forwardedUpgradeHeaders(request.headers)
      headers['x-request-id'] = caller.requestId
      const upstream = await call.connection.upgrade({
        ...upstreamRequest(call, life.signal),
        headers,
        headWithinMs: headTimeoutMs,
      })
      logCall(log, call, 101)
      call.record?.opened(101)
      joinUpgraded({ socket, head }, upstream, () => {
        life.settle()
        call.leave()
        call.record?.finish({ status: 101, auditId: textOf(upstream.response.headers['audit-id']) })
      })
    } catch (error) {
      life.settle()
      call.leave()
      await answerRefusal({ request, socket, head }, call, error)
    }
  }

  async function answerRefusal({ request, socket }: Upgrade, call: ProxyCall, error: unknown): Promise<void> {
    if (!(error instanceof UpgradeRefused)) {
      const status = describeUnreachable(call.cluster, error)
      noteOutcome(log, call, { status: status.code ?? 0, message: status.message })
      return refuseUpgrade(request, socket, status)
    }
    const response = responseOnSocket(request, socket)
    if (!response) {
      noteOutcome(log, call, { status: error.response.statusCode ?? 0 })
      error.response.destroy()
      return
    }
    try {
      await passAnswer(log, { call, upstream: error.response, response })
    } catch (relayError) {
      log.debug({ requestId: call.caller.requestId, cluster: call.cluster, err: relayError }, 'API refusal cut off')
      socket.destroy()
    }
  }

  return { handle, handleUpgrade }
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
  else {
    // A session has as many calls as it has.
    setMaxListeners(0, ended)
    ended.addEventListener('abort', abort, { once: true })
  }
  return {
    signal: controller.signal,
    settle: () => {
      client.off('close', closed)
      ended.removeEventListener('abort', abort)
    },
  }
}
