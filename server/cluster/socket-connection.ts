import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import type { Connection, Identity } from './connection'
import { type ExchangeTarget, exchange, exchangeUpgrade, impersonationHeaders } from './http-exchange'

export interface SocketConnectionOptions {
  /** The `<cluster>` of URLs. */
  name: string
  /** The unix socket on which the API server speaks plain HTTP. */
  socketPath: string
  /** The connection's own bearer token. */
  token: string
  /** Whether the token's user may impersonate; without it a person's request is refused here. */
  impersonate?: boolean
}

/** A connection to an API server on a unix socket: the embedded cluster's. */
export function createSocketConnection({ name, socketPath, token, impersonate }: SocketConnectionOptions): Connection {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 32, scheduling: 'lifo' })

  function headersFor(identity: Identity): OutgoingHttpHeaders {
    switch (identity.type) {
      case 'self':
        return { authorization: `Bearer ${token}` }
      case 'token':
        return { authorization: `Bearer ${identity.token}` }
      case 'person':
        if (!impersonate) throw new Error(`the connection to ${name} may not act for ${identity.user}`)
        return { authorization: `Bearer ${token}`, ...impersonationHeaders(identity) }
    }
  }

  function targetFor(identity: Identity): ExchangeTarget {
    return {
      start: httpRequest,
      // Node would send an empty Host for a socket path; the API server's name inside a cluster is honest and harmless.
      options: { socketPath, agent, host: 'kubernetes.default.svc', setHost: true },
      pathPrefix: '',
      headers: headersFor(identity),
    }
  }

  return {
    name,
    request: async (request) => exchange(targetFor(request.identity), request),
    upgrade: async (request) => exchangeUpgrade(targetFor(request.identity), request),
    close: () => agent.destroy(),
  }
}
