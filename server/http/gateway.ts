import { X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type Audit, type AuditOptions, createAudit } from '@/server/audit/create-audit'
import { type Auth, createAuth, type SignInSettings } from '@/server/auth/create-auth'
import type { ClusterTraits } from '@/server/auth/identity-policy'
import { createLoginLinks, type LoginLinks } from '@/server/auth/login-links'
import type { OriginPolicy } from '@/server/auth/same-origin'
import type { SignInAudit } from '@/server/auth/sign-in-audit'
import type { Identity } from '@/server/cluster/connection'
import type { GatewayConnections } from '@/server/connections/connections'
import type { ConnectionsEndpoint } from '@/server/connections/connections-endpoint'
import { createConsoleRelay } from '@/server/consoles/console-relay'
import { createLive, type LiveLimits } from '@/server/inventory/live'
import type { Peers } from '@/server/peers/peers'
import { createApiProxy } from '@/server/proxy/api-proxy'
import type { CallGuard } from '@/server/proxy/call-guard'
import { type CallLimits, createCallLimiter } from '@/server/proxy/call-limits'
import { createFileRecordStore } from '@/server/records/file-record-store'
import type { RecordStore } from '@/server/records/record-store'
import type { ReadinessCheck } from './health'
import { knownHostNames } from './host-check'
import { listen } from './listen'
import { createMetrics } from './metrics'
import { createRouter } from './router'
import { entryOfSignIn } from './sign-in-entries'
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
  connections: GatewayConnections
  /** Answers `/connections`, and has the rule of the read-only switch. */
  connectionsEndpoint?: ConnectionsEndpoint | undefined
  /** The console's own directory; holds its records unless they are given. */
  stateDirectory: string
  /** Where sessions, local users, API tokens and profiles are kept; closed by whoever made it. */
  records?: RecordStore | undefined
  /** Ways of signing in besides the one-time link. */
  signIn?: SignInSettings | undefined
  /** Whether the identities of kubeconfig connections are meant to impersonate people. */
  impersonate?: boolean | undefined
  /** Below 17: scrypt's cost, for tests. */
  passwordCost?: number | undefined
  signInAudit?: SignInAudit | undefined
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
  /** A rule on top of the cluster's own for calls and streams; read-only connections, say. */
  guard?: CallGuard | undefined
  /** How long the audit record is kept; default 90 days, 512 MiB. */
  auditRetention?: AuditOptions['retention']
  /** Per person; default `defaultCallLimits`. */
  callLimits?: CallLimits | undefined
  /** Joins the other replicas of this console, once it listens; left out: there are none. */
  joinPeers?: ((self: { port: number; fingerprint: () => string | undefined }) => Promise<Peers>) | undefined
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
}
/** Open streams may say goodbye for the first time, answers may end until the second. */
const closing = { peersMs: 500, streamsMs: 1_000, answersMs: 2_000 }

/**
 * Starts the console's server: sign-in, API proxy, live updates, consoles, and whatever Next has behind a checked session.
 * Rejects with ListenError when the address cannot be bound, or with the file system's error when the sign-in link or the
 * sessions cannot be written.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, connections, tls, version } = options
  const clock = options.clock ?? Date.now
  const server = createServer(tls)
  const port = await listen(server, options.host, options.port)
  const url = `${tls ? 'https' : 'http'}://${shownHost(options)}:${port}`

  const publicHosts = knownHostNames(options.publicHosts)
  const origins = { secure: tls !== undefined, publicHosts }
  const links = createLoginLinks({ file: options.loginUrlFile, baseUrl: url, log })
  const records = options.records ?? createFileRecordStore({ directory: join(options.stateDirectory, 'records'), log })
  const audit = await createAudit({
    directory: join(options.stateDirectory, 'audit'),
    ...{ connections, log, clock, retention: options.auditRetention },
  }).catch((error: unknown) => {
    server.close()
    throw error
  })
  // What earlier versions kept sessions in.
  await rm(join(options.stateDirectory, 'sessions.json'), { force: true })
  const auth = await openAuth(options, { records, links, port, origins, audit }).catch((error: unknown) => {
    server.close()
    throw error
  })
  let peers: Peers | undefined
  let shownTls = tls
  const metrics = createMetrics(version)
  const liveLimits = options.live && { limits: options.live }
  const live = createLive({ connections, log, onOutage: connections.onOutage, ...liveLimits })
  const guard = options.guard ?? options.connectionsEndpoint?.guard
  const shared = { connections, log, guard, limiter: createCallLimiter(options.callLimits), recorder: audit.recorder }
  const consoles = createConsoleRelay(shared)
  const router = createRouter({
    auth,
    audit,
    proxy: createApiProxy(shared),
    connections: options.connectionsEndpoint,
    live,
    consoles,
    metrics,
    metricsToken: options.metricsToken,
    page: options.page,
    development: options.development,
    readiness: options.readiness ?? {},
    peers: () => peers,
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
    // Before the streams: what reconnects shall find another owner.
    await leavePeers(peers, log)
    live.close()
    consoles.close()
    const timers = [
      setTimeout(() => upgrades.destroyAll(), closing.streamsMs),
      setTimeout(() => server.closeAllConnections(), closing.answersMs),
    ]
    await drained
    for (const timer of timers) clearTimeout(timer)
    links.close()
    await auth.close()
    await audit.log.close()
    if (!options.records) await records.close()
  }

  let loginUrl: string
  try {
    peers = await options.joinPeers?.({ port, fingerprint: () => shownTls && fingerprintOf(shownTls) })
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
      if (!tls) return
      ;(server as TlsServer).setSecureContext(pair)
      shownTls = pair
    },
    sweepSessions: () => auth.sweepSessions(),
    close,
  }
}

interface AuthParts {
  records: RecordStore
  links: LoginLinks
  port: number
  origins: OriginPolicy
  audit: Audit
}

function openAuth(options: GatewayOptions, { audit, ...parts }: AuthParts): Promise<Auth> {
  const { connections, log, version, issueIdentity } = options
  const noteSignIn: SignInAudit = (event) => {
    audit.log.record(entryOfSignIn(event))
    options.signInAudit?.(event)
  }
  return createAuth({
    ...parts,
    ...{ log, clock: options.clock ?? Date.now, issueIdentity },
    connections: () => connections.list().map(({ connection }) => connection),
    traitsOf: (name) => traitsOf(connections, name, options.impersonate ?? false),
    about: () => ({
      version,
      // They come and go.
      clusters: connections.list().map(({ name, displayName }) => ({ name, displayName })),
    }),
    settings: options.signIn ?? {},
    ...{ sessionIdleMs: options.sessionIdleMs, sessionAbsoluteMs: options.sessionAbsoluteMs },
    ...{ audit: noteSignIn, passwordCost: options.passwordCost },
  })
}

const fingerprintOf = ({ cert }: TlsPair) => new X509Certificate(cert).fingerprint256

/** Told or not: the end of this replica is not held up, and the others notice by themselves. */
async function leavePeers(peers: Peers | undefined, log: Logger): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, closing.peersMs).unref())
  const left = peers?.close().catch((error: unknown) => {
    log.warn({ err: error }, 'the other replicas could not be told of the end of this one')
  })
  await Promise.race([left, late])
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

/** How a cluster is reached, as far as it matters for whose rights are used there. */
function traitsOf(connections: GatewayConnections, name: string, impersonate: boolean): ClusterTraits | undefined {
  const found = connections.list().find((connection) => connection.name === name)
  return found && { kind: found.type, impersonate }
}
