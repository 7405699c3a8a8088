import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { type Connection, type ConnectionRequest, UpgradeRefused } from '@/server/cluster/connection'
import { describeUnreachable } from '@/server/proxy/status-response'

/** The only subprotocol of KubeVirt's streams: raw bytes in binary messages. */
export const streamProtocol = 'plain.kubevirt.io'

/** The cluster did not open the stream; `code` is an HTTP status, the message the server's own words. */
export class StreamRefused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
    this.name = 'StreamRefused'
  }
}

/**
 * Opens a KubeVirt stream as a WebSocket client over a connection's raw upgrade. It comes paused, so that no message is
 * lost before someone listens. The signal ends the stream as well as the attempt. Rejects with StreamRefused.
 */
export async function openUpstream(
  connection: Connection,
  request: Pick<ConnectionRequest, 'path' | 'identity' | 'signal'>,
): Promise<WebSocket> {
  const key = randomBytes(16).toString('base64')
  try {
    const { response, socket, head } = await connection.upgrade({
      ...request,
      method: 'GET',
      headers: {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
        'sec-websocket-protocol': streamProtocol,
      },
    })
    const { 'sec-websocket-accept': accept, 'sec-websocket-protocol': protocol } = response.headers
    if (accept !== acceptFor(key) || (protocol !== undefined && protocol !== streamProtocol)) {
      socket.destroy()
      throw new StreamRefused(502, 'The API server answered with a stream of another kind.')
    }
    return adoptAsClient(socket, head)
  } catch (error) {
    if (error instanceof StreamRefused) throw error
    if (error instanceof UpgradeRefused) throw await refusalOf(error)
    const status = describeUnreachable(connection.name, error)
    throw new StreamRefused(status.code ?? 502, status.message ?? '')
  }
}

/** RFC 6455, 4.2.2. */
function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** What `ws` itself does after its own handshake; it offers no public way to hand it a socket that is already upgraded. */
interface ClientInternals {
  _isServer: boolean
  setSocket(socket: Duplex, head: Buffer, options: object): void
}

function adoptAsClient(socket: Duplex, head: Buffer): WebSocket {
  // The constructor for an adopted socket takes options that its type leaves out.
  const Adopting = WebSocket as unknown as new (address: null, protocols: undefined, options: object) => WebSocket
  const client = new Adopting(null, undefined, { autoPong: true, maxPendingAutoPongs: 16, closeTimeout: 3_000 })
  // See ClientInternals; the version of ws is pinned and the tests of this room run against it.
  const internals = client as unknown as ClientInternals
  internals._isServer = false
  internals.setSocket(socket, head, { allowSynchronousEvents: true, maxPayload: 16 * 1024 * 1024 })
  client.pause()
  return client
}

const maxRefusalBytes = 64 * 1024

async function refusalOf({ response }: UpgradeRefused): Promise<StreamRefused> {
  const code = response.statusCode ?? 502
  const timer = setTimeout(() => response.destroy(), 5_000)
  try {
    let length = 0
    response.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxRefusalBytes) response.destroy()
    })
    return new StreamRefused(code, wordsOf(await text(response)) || (response.statusMessage ?? ''))
  } catch (error) {
    // The status alone says enough when the words do not arrive.
    return new StreamRefused(code, response.statusMessage || String(error))
  } finally {
    clearTimeout(timer)
  }
}

/** The message of a Status; KubeVirt answers some refusals with plain text. */
function wordsOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message)
    return ''
  } catch (error) {
    if (error instanceof SyntaxError) return body.trim()
    throw error
  }
}
