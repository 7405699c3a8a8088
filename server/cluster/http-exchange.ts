import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import { finished, Readable } from 'node:stream'
import { type ConnectionRequest, type Identity, type UpgradedConnection, UpgradeRefused } from './connection'

/** Where an exchange goes and as whom: what differs between a unix socket, plain HTTP and TLS. */
export interface ExchangeTarget {
  /** `request` of node:http or node:https. */
  start: (options: RequestOptions) => ClientRequest
  /** Address, agent and TLS material. */
  options: RequestOptions
  /** Put before every path, without a trailing slash; empty for an API at the root. */
  pathPrefix: string
  /** The credentials; they win over whatever the caller's headers say. */
  headers: OutgoingHttpHeaders
}

/** How long a connection may take to be established, TLS included. */
const connectTimeoutMs = 10_000

/** Credentials come from the identity alone, never from the caller's headers. */
const credentialHeaders = /^(authorization|cookie|impersonate-.*|x-remote-.*)$/i

/** Sends a request; resolves with the answer's head whatever its status. A dead keep-alive socket is retried once. */
export async function exchange(target: ExchangeTarget, request: ConnectionRequest): Promise<IncomingMessage> {
  try {
    return await exchangeOnce(target, request)
  } catch (error) {
    if (!(error instanceof StaleSocketError)) throw error
    return exchangeOnce(target, request)
  }
}

/** The server closed a kept-alive socket at the very moment it was used again: the request never arrived. */
class StaleSocketError extends Error {}

function exchangeOnce(target: ExchangeTarget, request: ConnectionRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = target.start(requestOptions(target, request, withoutCredentials(request.headers)))
    const repeatable = (request.method === 'GET' || request.method === 'HEAD') && request.body === undefined
    limitConnecting(outgoing)
    limitAnswering(outgoing, request.headWithinMs)
    outgoing.on('response', resolve)
    // A server that switches protocols unasked is broken; without this listener the socket would hang.
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('the API server switched protocols without being asked'))
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(stale && repeatable && !request.signal?.aborted ? new StaleSocketError() : error)
    })
    sendBody(outgoing, request.body)
  })
}

/** Sends an upgrade; resolves on 101, rejects with `UpgradeRefused` on any other answer. */
export function exchangeUpgrade(target: ExchangeTarget, request: ConnectionRequest): Promise<UpgradedConnection> {
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = {
      upgrade: 'websocket',
      ...withoutCredentials(request.headers),
      connection: 'Upgrade',
    }
    const outgoing = target.start(requestOptions(target, request, headers))
    limitConnecting(outgoing)
    limitAnswering(outgoing, request.headWithinMs)
    outgoing.on('upgrade', (response, socket, head) => {
      // The signal's hold on the request ends with it: from here on whoever owns the socket destroys it.
      const abort = () => socket.destroy()
      request.signal?.addEventListener('abort', abort, { once: true })
      socket.once('close', () => request.signal?.removeEventListener('abort', abort))
      resolve({ response, socket, head })
    })
    outgoing.on('response', (response) => reject(new UpgradeRefused(response)))
    outgoing.on('error', reject)
    sendBody(outgoing, request.body)
  })
}

function requestOptions(
  target: ExchangeTarget,
  request: ConnectionRequest,
  headers: OutgoingHttpHeaders,
): RequestOptions {
  const options: RequestOptions = {
    ...target.options,
    method: request.method,
    path: target.pathPrefix + request.path,
    headers: { ...headers, ...target.headers },
  }
  if (request.signal) options.signal = request.signal
  return options
}

function withoutCredentials(headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!credentialHeaders.test(name)) kept[name.toLowerCase()] = value
  }
  return kept
}

function sendBody(outgoing: ClientRequest, body: ConnectionRequest['body']): void {
  if (!(body instanceof Readable)) {
    outgoing.end(body)
    return
  }
  // Not `pipeline`: it aborts the request without the body's own error, which is what the caller wants to know.
  finished(body, { writable: false }, (error) => {
    if (error) outgoing.destroy(error)
  })
  outgoing.once('close', () => body.destroy())
  body.pipe(outgoing)
}

function limitConnecting(outgoing: ClientRequest): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => {
      outgoing.destroy(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' }))
    }, connectTimeoutMs)
    const connected = () => clearTimeout(timer)
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
    socket.once('close', connected)
  })
}

function limitAnswering(outgoing: ClientRequest, withinMs: number | undefined): void {
  if (withinMs === undefined) return
  const timer = setTimeout(() => {
    outgoing.destroy(Object.assign(new Error(`no answer within ${withinMs} ms`), { code: 'ETIMEDOUT' }))
  }, withinMs)
  const settled = () => clearTimeout(timer)
  outgoing.once('response', settled)
  outgoing.once('upgrade', settled)
  outgoing.once('close', settled)
}

/** The headers that make a connection's own credentials act as a person. */
export function impersonationHeaders(identity: Extract<Identity, { type: 'person' }>): OutgoingHttpHeaders {
  return identity.groups.length === 0
    ? { 'impersonate-user': identity.user }
    : { 'impersonate-user': identity.user, 'impersonate-group': [...identity.groups] }
}
