import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** A request to become a stream, as Node's servers hand it out. */
export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  /** What the client sent already. */
  head: Buffer
}
