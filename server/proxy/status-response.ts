import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  ServerResponse as Response,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { KubeStatus } from '@/contract/kube-object'

/** Reasons as apimachinery names them; the browser and kubectl tell people what they mean. */
const reasons: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** A failure in the form in which every Kubernetes client expects one. */
export function buildStatus(code: number, message: string, retryAfterSeconds?: number): KubeStatus {
  const status: KubeStatus = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: reasons[code] ?? 'Unknown',
    code,
  }
  return retryAfterSeconds === undefined ? status : { ...status, details: { retryAfterSeconds } }
}

/** Answers with a Status. A request whose body was not read loses its connection, so that nobody waits for the rest. */
export function sendStatus(response: ServerResponse, status: KubeStatus, headers: OutgoingHttpHeaders = {}): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = Buffer.from(JSON.stringify(status))
  const all: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...headers,
  }
  if (!response.req.complete) all['connection'] = 'close'
  const retryAfter = status.details?.retryAfterSeconds
  if (retryAfter !== undefined) all['retry-after'] = String(retryAfter)
  response.writeHead(status.code ?? 500, all)
  response.end(body)
}

/** Refuses an upgrade with an ordinary answer and closes the socket. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, status: KubeStatus): void {
  const response = responseOnSocket(request, socket)
  if (response) sendStatus(response, status)
}

/** An ordinary response on a socket that asked to be upgraded; undefined (and the socket gone) when that cannot be. */
export function responseOnSocket(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  // Node's servers hand out net or TLS sockets here, although the event is typed wider.
  if (!(socket instanceof Socket) || socket.destroyed) {
    socket.destroy()
    return undefined
  }
  const response = new Response(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => {
    response.detachSocket(socket)
    socket.end()
    // A peer that never closes its side must not hold the socket.
    setTimeout(() => socket.destroy(), 2_000).unref()
  })
  return response
}

const unreachable: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ENOENT: 'it is not running',
  EACCES: 'access to its socket was denied',
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to its network',
}

/** What a person reads when the API server of a cluster did not answer. Names no address, token or path. */
export function describeUnreachable(cluster: string, error: unknown): KubeStatus {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = unreachable[code]
  const subject = `The API server of cluster "${cluster}"`
  if (why)
    return buildStatus(503, `${subject} cannot be reached: ${why}. It may be starting; try again in a moment.`, 1)
  if (code === 'ETIMEDOUT') return buildStatus(504, `${subject} did not answer in time.`)
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return buildStatus(502, `${subject} closed the connection before it answered.`, 1)
  }
  if (code === 'ERR_INVALID_CHAR') return buildStatus(400, 'A header of the request has characters that none may have.')
  const words = error instanceof Error ? error.message.trim() : String(error)
  return buildStatus(502, `${subject} cannot be used: ${words || STATUS_CODES[502]}`)
}
