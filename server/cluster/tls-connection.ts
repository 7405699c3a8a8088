import { createHash } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Connection, ConnectionRequest, Identity } from './connection'
import { type ExchangeTarget, exchange, exchangeUpgrade, impersonationHeaders } from './http-exchange'

/** The part of TLS that a kubeconfig decides. */
export interface TlsMaterial {
  ca?: Buffer | string
  cert?: Buffer | string
  key?: Buffer | string
  /** The name to verify instead of the address' (`tls-server-name`). */
  servername?: string
  /** False only where the kubeconfig says `insecure-skip-tls-verify`. */
  rejectUnauthorized?: boolean
}

export interface Credentials {
  /** e.g. `authorization`. */
  headers: OutgoingHttpHeaders
  tls: TlsMaterial
  /** Instead of our own: the way through a proxy. */
  agent?: HttpAgent
}

export interface TlsConnectionOptions {
  name: string
  /** `http:` or `https:`; its path is put before every request's. */
  server: URL
  /** Asked before every exchange, so that short-lived credentials can change; should answer from memory as a rule. */
  credentials: () => Promise<Credentials>
  /** Resolves the server's name; default: as the system does. */
  lookup?: LookupFunction | undefined
  /** The server did not accept the connection's own credentials. */
  onUnauthorized?: () => void
}

/** A connection to an API server over TLS (or plain HTTP where an address says so) with changing credentials. */
export function createTlsConnection(options: TlsConnectionOptions): Connection {
  const secure = options.server.protocol === 'https:'
  const pathPrefix = options.server.pathname.replace(/\/+$/, '')
  const agents = createAgents(secure, options.lookup)

  async function targetFor(identity: Identity): Promise<ExchangeTarget> {
    const own = await options.credentials()
    // A client certificate would win over the bearer token, so a token travels on connections without one.
    const tls = identity.type === 'token' ? withoutClientCertificate(own.tls) : own.tls
    return {
      start: secure ? httpsRequest : httpRequest,
      options: {
        host: options.server.hostname.replace(/^\[|\]$/g, ''),
        port: options.server.port || (secure ? 443 : 80),
        agent: own.agent ?? agents.for(identity.type === 'token' ? 'token' : 'own', tls),
      },
      pathPrefix,
      headers: headersFor(identity, own.headers),
    }
  }

  function watchUnauthorized<T extends { statusCode?: number | undefined }>(request: ConnectionRequest, answer: T): T {
    if (answer.statusCode === 401 && request.identity.type !== 'token') options.onUnauthorized?.()
    return answer
  }

  return {
    name: options.name,
    request: async (request) => watchUnauthorized(request, await exchange(await targetFor(request.identity), request)),
    upgrade: async (request) => exchangeUpgrade(await targetFor(request.identity), request),
    close: () => agents.close(),
  }
}

function headersFor(identity: Identity, own: OutgoingHttpHeaders): OutgoingHttpHeaders {
  switch (identity.type) {
    case 'self':
      return own
    case 'token':
      return { authorization: `Bearer ${identity.token}` }
    case 'person':
      return { ...own, ...impersonationHeaders(identity) }
  }
}

function withoutClientCertificate({ cert: _cert, key: _key, ...rest }: TlsMaterial): TlsMaterial {
  return rest
}

/** One keep-alive agent per TLS material; when it changes, the old agent's sockets are left to finish. */
function createAgents(secure: boolean, lookup: LookupFunction | undefined) {
  const current = new Map<string, { fingerprint: string; agent: HttpAgent | HttpsAgent }>()
  const retired = new Set<HttpAgent | HttpsAgent>()
  const fingerprints = new WeakMap<TlsMaterial, string>()

  function fingerprintOf(tls: TlsMaterial): string {
    const known = fingerprints.get(tls)
    if (known) return known
    const hash = createHash('sha256')
    for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
      hash.update(part ?? '').update('\0')
    }
    const fingerprint = hash.digest('hex')
    fingerprints.set(tls, fingerprint)
    return fingerprint
  }

  return {
    for(purpose: 'own' | 'token', tls: TlsMaterial): HttpAgent | HttpsAgent {
      const fingerprint = fingerprintOf(tls)
      const known = current.get(purpose)
      if (known?.fingerprint === fingerprint) return known.agent
      if (known) retired.add(known.agent)
      const settings = { keepAlive: true, maxFreeSockets: 32, scheduling: 'lifo' as const, ...(lookup && { lookup }) }
      const agent = secure ? new HttpsAgent({ ...settings, ...tls }) : new HttpAgent(settings)
      current.set(purpose, { fingerprint, agent })
      return agent
    },
    close(): void {
      for (const { agent } of current.values()) agent.destroy()
      for (const agent of retired) agent.destroy()
      current.clear()
      retired.clear()
    },
  }
}
