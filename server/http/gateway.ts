import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https'
import { hostname } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { createAttemptLimit } from '@/server/auth/attempt-limit'
import { createAuthenticator } from '@/server/auth/authenticator'
import { sessionCookie } from '@/server/auth/cookies'
import { describePerson } from '@/server/auth/describe-person'
import { createLoginLinks } from '@/server/auth/login-links'
import { createSessionStore } from '@/server/auth/session-store'
import { createSignIn } from '@/server/auth/sign-in'
import type { Connection, Identity } from '@/server/cluster/connection'
import { createConsoleRelay } from '@/server/consoles/console-relay'
import { createLive, type LiveLimits } from '@/server/inventory/live'
import { createApiProxy } from '@/server/proxy/api-proxy'
import type { ReadinessCheck } from './health'
import { knownHostNames } from './host-check'
import { listen } from './listen'
import { createMetrics } from './metrics'
import { createRouter } from './router'
import { serveUpgrades } from './upgrades'

export interface TlsPair {
  /** PEM, the chain included. */
  cert: string
  key: string
}

export interface GatewayOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  /** Left out: plain HTTP. */
  tls?: TlsPair | undefined
  /** Names, with or without port, under which people may open this server besides localhost and its addresses. */
  publicHosts: readonly string[]
  connections: readonly Connection[]
  /** Names of clusters for people; a cluster without one is shown by its name. */
  displayNames?: Readonly<Record<string, string>>
  /** The console's own directory; holds `sessions.json`. */
  stateDirectory: string
  /** `HOME/login-url`. */
  loginUrlFile: string
  /** Who comes by a one-time link: the embedded cluster's administrator, or the kubeconfig's own identity. */
  issueIdentity: () => Identity | Promise<Identity>
  sessionIdleMs?: number
  sessionAbsoluteMs?: number
  /** Next's handler: pages and assets. */
  page: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
  /** Only with Next's development server, which wants its own upgrades. */
  development?: { forwardUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void } | undefined
  readiness?: Readonly<Record<string, ReadinessCheck>>
  /** Lets a Prometheus on another host read `/metrics`. */
  metricsToken?: string | undefined
  live?: Partial<LiveLimits>
  log: Logger
  /** Aborts: as `close()`. */
  signal?: AbortSignal
  version: string
  /** Milliseconds since the epoch; for tests. */
  clock?: () => number
}

export interface Gateway {
  /** `http(s)://host:port`, as a person on this host opens it. */
  url: string
  port: number
  /** The one-time link that was current at the start. */
  loginUrl: string
  /** Takes a renewed certificate into use for new connections. */
  setTls(pair: TlsPair): void
  /** Ends every session whose time is up, at once; it happens by itself every few seconds. */
  sweepSessions(): void
  /** Stops listening, tells open streams, cuts what is left; resolves within three seconds. */
  close(): Promise<void>
}

const limits = {
  headerBytes: 32 * 1024,
  /** To send a request's head; bodies have limits of their own where they are read. */
  headersTimeoutMs: 15_000,
  keepAliveMs: 65_000,
  connections: 4_096,
  streams: 2_048,
  signInsPerMinute: 10,
}
/** Open streams may say goodbye for the first time, answers may end until the second. */
const closing = { streamsMs: 1_000, answersMs: 2_000 }

/**
 * Starts the console's server: sign-in, API proxy, live updates, consoles, and whatever Next has behind a checked session.
 * Rejects with ListenError when the address cannot be bound, or with the file system's error when the sign-in link or the
 * sessions cannot be written.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, connections, tls, version } = options
  const clock = options.clock ?? Date.now
  const server = createServer(tls)
  const sessions = await createSessionStore({
    directory: options.stateDirectory,
    log,
    clock,
    ...(options.sessionIdleMs !== undefined && { idleMs: options.sessionIdleMs }),
    ...(options.sessionAbsoluteMs !== undefined && { absoluteMs: options.sessionAbsoluteMs }),
  })
  let port: number
  try {
    port = await listen(server, options.host, options.port)
  } catch (error) {
    await sessions.close()
    throw error
  }
  const url = `${tls ? 'https' : 'http'}://${shownHost(options)}:${port}`

  const publicHosts = knownHostNames(options.publicHosts)
  const cookie = sessionCookie({ port, secure: tls !== undefined })
  const origins = { secure: tls !== undefined, publicHosts }
  const links = createLoginLinks({ file: options.loginUrlFile, baseUrl: url, log })
  const authenticator = createAuthenticator({ sessions, cookie, origins, log })
  const { displayNames = {} } = options
  const clusters = connections.map(({ name }) => ({ name, displayName: displayNames[name] ?? name }))
  const metrics = createMetrics(version)
  const live = createLive({ connections, log, ...(options.live && { limits: options.live }) })
  const consoles = createConsoleRelay({ connections, log })
  const router = createRouter({
    authenticator,
    signIn: createSignIn({
      authenticator,
      sessions,
      links,
      cookie,
      origins,
      attempts: createAttemptLimit(limits.signInsPerMinute, clock),
      issueIdentity: async () => describePerson(await options.issueIdentity(), connections[0], log),
      about: { clusters, version },
      log,
    }),
    proxy: createApiProxy({ connections, log }),
    live,
    consoles,
    metrics,
    metricsToken: options.metricsToken,
    page: options.page,
    development: options.development,
    readiness: options.readiness ?? {},
    knownHosts: new Set([...publicHosts, ...knownHostNames([options.host])]),
    log,
  })
  const upgrades = serveUpgrades({
    server,
    dispatch: router.dispatchUpgrade,
    onCount: (open) => metrics.streams.set(open),
    log,
    maxOpen: limits.streams,
  })
  server.on('request', router.handle)

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= closeAll()
    return closed
  }
  async function closeAll(): Promise<void> {
    const drained = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    live.close()
    consoles.close()
    const timers = [
      setTimeout(() => upgrades.destroyAll(), closing.streamsMs),
      setTimeout(() => server.closeAllConnections(), closing.answersMs),
    ]
    await drained
    for (const timer of timers) clearTimeout(timer)
    links.close()
    await sessions.close()
  }

  let loginUrl: string
  try {
    loginUrl = await links.renew()
  } catch (error) {
    await close()
    throw error
  }
  options.signal?.addEventListener('abort', () => void close(), { once: true })

  return {
    url,
    port,
    loginUrl,
    setTls: (pair) => {
      if (tls) (server as TlsServer).setSecureContext(pair)
    },
    sweepSessions: () => sessions.sweep(),
    close,
  }
}

function createServer(tls: TlsPair | undefined): Server {
  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: limits.keepAliveMs,
    // Uploads last as long as they last; everything else that reads a body sets its own time.
    requestTimeout: 0,
    noDelay: true,
    keepAlive: true,
  }
  const server = tls ? createHttpsServer({ ...settings, ...tls, minVersion: 'TLSv1.2' }) : createHttpServer(settings)
  server.maxConnections = limits.connections
  return server
}

/** What goes into links: a wildcard address is nothing that a browser could open. */
function shownHost({ host, publicHosts }: GatewayOptions): string {
  const wildcard = host === '0.0.0.0' || host === '::'
  const shown = wildcard ? (publicHosts[0]?.replace(/:\d+$/, '') ?? hostname()) : host
  return shown.includes(':') && !shown.startsWith('[') ? `[${shown}]` : shown
}
