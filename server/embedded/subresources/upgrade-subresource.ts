import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { badRequest } from '../errors/status-error'
import { pathNotFound } from '../http/dispatch'
import type { ResourceRequestInfo } from '../http/request-info'
import { asStatusError } from '../http/respond'
import type { User } from '../identity/user'
import type { SubresourceHandler } from '../subresource-handler'
import { findHandler } from './find-handler'
import { joinWebSocket } from './join-web-socket'

const streamProtocol = 'plain.kubevirt.io'

export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

export interface StreamRequest {
  info: ResourceRequestInfo
  query: URLSearchParams
  user: User
}

export function createStreamUpgrader(handlers: readonly SubresourceHandler[]) {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 16 * 1024 * 1024,
    // A client that offers none is taken, too.
    handleProtocols: (offered) => (offered.has(streamProtocol) ? streamProtocol : false),
  })
  return {
    /** Opens the machine's stream first, so that what goes wrong is still an ordinary answer. Throws a Status. */
    async upgrade({ request, socket, head }: Upgrade, { info, query, user }: StreamRequest): Promise<void> {
      const found = findHandler(handlers, info, 'GET')
      if (!found) throw pathNotFound()
      const { handler, rest } = found
      if (!handler.open) throw badRequest(`${info.subresource} is no stream`)
      const stream = await handler.open({ namespace: info.namespace, name: info.name, query, body: {}, user, rest })
      if (socket.destroyed) {
        stream.destroy()
        return
      }
      // The handshake may fail, and there is nothing to join.
      const abandon = () => stream.destroy()
      socket.once('close', abandon)
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        socket.off('close', abandon)
        joinWebSocket(webSocket, stream)
      })
    },
    close(): void {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

/** Answers an upgrade that is refused with an ordinary response, and ends the connection. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, code } = asStatusError(error)
  const body = JSON.stringify(status)
  socket.end(
    [
      `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
