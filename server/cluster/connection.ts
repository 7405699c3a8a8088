import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex, Readable } from 'node:stream'

/**
 * Whose rights a request uses. `self` is the connection's own identity (kubeconfig user, service account, the embedded
 * cluster's console token); a person is impersonated; a token is that person's own.
 */
export type Identity =
  | { type: 'self' }
  | { type: 'person'; user: string; groups: readonly string[] }
  | { type: 'token'; token: string }

export interface ConnectionRequest {
  method: string
  /** Absolute path with query, as it goes on the wire. */
  path: string
  headers?: OutgoingHttpHeaders
  /** A stream is piped, never buffered. */
  body?: Readable | Buffer | string | undefined
  identity: Identity
  /** An answer whose head has not come after this many milliseconds fails with ETIMEDOUT. Left out: it may take any time. */
  headWithinMs?: number | undefined
  signal?: AbortSignal | undefined
}

export interface UpgradedConnection {
  response: IncomingMessage
  socket: Duplex
  head: Buffer
}

/**
 * The seam between the two ways of running: requests and upgrades to one cluster's API with an identity, as Node
 * streams. The proxy forwards to it; controllers and inventory use `createKubeClient(connection)` on top.
 */
export interface Connection {
  /** The `<cluster>` of URLs; `local` for the embedded cluster. */
  readonly name: string
  /** Resolves with the answer's head; the body streams. Rejects on transport errors only, never on a status code. */
  request(request: ConnectionRequest): Promise<IncomingMessage>
  /** Resolves when the server switched protocols; a refusal rejects with `UpgradeRefused`. */
  upgrade(request: ConnectionRequest): Promise<UpgradedConnection>
  close(): void
}

/** The connections there are now, by the `<cluster>` of URLs; they may come and go. A `Map` is one that never changes. */
export interface ConnectionDirectory {
  get(name: string): Connection | undefined
}

/** The server answered an upgrade with an ordinary response (401, 404, 409 …), whose body still streams. */
export class UpgradeRefused extends Error {
  constructor(readonly response: IncomingMessage) {
    super(`the API server refused the upgrade: ${response.statusCode} ${response.statusMessage}`)
    this.name = 'UpgradeRefused'
  }
}
