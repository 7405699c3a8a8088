import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Upgrade } from './upgrade'

export interface AcceptOptions {
  /** Bytes of the largest message that the browser may send. */
  maxPayload: number
  /** Subprotocols that the browser may choose from, best first. */
  protocols?: readonly string[]
}

/**
 * Completes a browser's WebSocket handshake; resolves once the socket is open. Nothing is compressed: consoles carry what
 * does not compress, and compression holds memory for every socket. A malformed handshake is answered and never resolves.
 */
export function acceptWebSocket(
  { request, socket, head }: Upgrade,
  { maxPayload, protocols = [] }: AcceptOptions,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    // A browser that offers protocols gives up unless one of them is chosen.
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  })
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve))
}

/** After a polite close a peer has this long to answer before its socket is torn down. */
const closeGraceMs = 3_000

/** Closes with a code and words for people, cut to the 123 bytes that a close frame holds, and makes sure of it. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.CLOSED) return
  // What is not read cannot be answered either.
  socket.resume()
  if (socket.readyState !== WebSocket.CLOSING) socket.close(code, shortened(reason))
  const timer = setTimeout(() => socket.terminate(), closeGraceMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

function shortened(reason: string): string {
  if (Buffer.byteLength(reason) <= 123) return reason
  let cut = Buffer.from(reason).subarray(0, 120)
  // Not in the middle of a character: its continuation bytes begin with the bits 10.
  while (cut.length > 0 && ((Buffer.from(reason)[cut.length] ?? 0) & 0xc0) === 0x80) cut = cut.subarray(0, -1)
  return `${cut.toString('utf8')}…`
}

/** Pings a browser regularly and tears down a socket whose last ping stayed unanswered; its 'close' follows. */
export function keepAlive(socket: WebSocket, intervalMs: number): void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    // While we do not read, because the other side is slow, we cannot know.
    if (!answered && !socket.isPaused) return socket.terminate()
    answered = false
    socket.ping()
  }, intervalMs)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
}

/** A message as bytes, whichever way it came. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
