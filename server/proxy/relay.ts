import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { UpgradedConnection } from '@/server/cluster/connection'
import { forwardedResponseHeaders } from './forwarded-headers'
import { splice } from './splice'
import type { Upgrade } from './upgrade'

/** Passes an answer on as it comes; rejects when either side breaks off. */
export function relay(upstream: IncomingMessage, response: ServerResponse, cluster: string): Promise<void> {
  response.writeHead(
    upstream.statusCode ?? 502,
    upstream.statusMessage,
    forwardedResponseHeaders(upstream.headers, cluster),
  )
  // A watch may have nothing to say for minutes: its head must not wait for the first event.
  if (upstream.headers['content-length'] === undefined) response.flushHeaders()
  return new Promise((resolve, reject) => {
    // Not `pipeline`: what it does at the end of every answer costs more than the rest of the way.
    const broken = (error: Error) => {
      upstream.destroy()
      response.destroy()
      reject(error)
    }
    upstream.once('error', broken)
    upstream.once('close', () => {
      if (!upstream.complete) broken(new Error('the API server broke off'))
    })
    response.once('error', broken)
    response.once('finish', resolve)
    response.once('close', () => {
      if (!response.writableFinished) broken(new Error('the client left'))
    })
    upstream.pipe(response)
  })
}

const upgradeResponseHeaders = [
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'x-stream-protocol-version',
]

/** Streams may be silent for long; routers in between and vanished peers are found out by probes. */
const keepAliveMs = 30_000

/** Answers the browser's upgrade as the API server did and joins the two sockets; calls `onClose` once both are closed. */
export function joinUpgraded(
  { socket, head }: Pick<Upgrade, 'socket' | 'head'>,
  upstream: UpgradedConnection,
  onClose: () => void,
): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'connection: Upgrade']
  for (const name of upgradeResponseHeaders) {
    const value = upstream.response.headers[name]
    if (typeof value === 'string') lines.push(`${name}: ${value}`)
  }
  for (const side of [socket, upstream.socket]) if (side instanceof Socket) side.setKeepAlive(true, keepAliveMs)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (upstream.head.length > 0) socket.write(upstream.head)
  if (head.length > 0) upstream.socket.write(head)
  splice(socket, upstream.socket, onClose)
}
