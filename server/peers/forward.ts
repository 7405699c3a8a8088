import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Peer } from './membership'

export interface PeerRequest {
  method: string
  /** With query. */
  url: string
  headers: OutgoingHttpHeaders
}

const connectTimeoutMs = 2_000

/** Opens a connection to a replica that has shown the very certificate it is known by. Rejects otherwise. */
async function connectSecurely(peer: Peer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: peer.address,
      port: peer.port,
      // Replicas make certificates of their own: which one is right says the list of replicas, not an authority.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    })
    const timer = setTimeout(() => socket.destroy(new Error('connecting took too long')), connectTimeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      if (socket.getPeerCertificate().fingerprint256 !== peer.fingerprint) {
        socket.destroy()
        return reject(new Error('the replica shows another certificate than the one it is known by'))
      }
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** A request to a replica, not sent yet. Rejects when it cannot be reached. */
export async function openPeerRequest(peer: Peer, { method, url, headers }: PeerRequest): Promise<ClientRequest> {
  const common = { host: peer.address, port: peer.port, method, path: url, headers, setHost: false }
  if (peer.fingerprint !== undefined) {
    const socket = await connectSecurely(peer)
    // Not node:https, which would verify the connection once more, by authorities; nor an agent, which makes its own.
    return httpRequest({ ...common, createConnection: () => socket })
  }
  const request = httpRequest({ ...common, agent: false })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new Error('connecting took too long')), connectTimeoutMs)
    request.once('error', reject)
    request.once('close', () => clearTimeout(timer))
    request.once('socket', (socket) => {
      const connected = () => {
        clearTimeout(timer)
        request.off('error', reject)
        resolve()
      }
      if (socket.connecting) socket.once('connect', connected)
      else connected()
    })
  })
  return request
}

/** Headers that concern the one connection between replicas, where the answer is not a switch of protocols. */
const connectionHeaders = /^(connection|keep-alive|transfer-encoding)$/i

/** Writes the head of an answer as it came, so that a handshake ends where it was begun. */
export function writeHead(
  socket: Duplex,
  { statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage,
  { closing = false } = {},
): void {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (!closing || !connectionHeaders.test(name)) lines.push(`${name}: ${rawHeaders[at + 1]}`)
  }
  if (closing) lines.push('connection: close')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Joins two sockets until either ends. */
export function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy())
    from.once('close', () => to.destroy())
    from.pipe(to)
  }
}
