import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import type { Audit } from '@/server/audit/create-audit'
import type { Auth } from '@/server/auth/create-auth'
import { isReading } from '@/server/auth/same-origin'
import type { RequestMarks } from '@/server/auth/sign-in'
import type { ConnectionsEndpoint } from '@/server/connections/connections-endpoint'
import type { ConsoleRelay } from '@/server/consoles/console-relay'
import type { Live } from '@/server/inventory/live'
import type { Peers } from '@/server/peers/peers'
import type { ApiProxy } from '@/server/proxy/api-proxy'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'
import type { Upgrade } from '@/server/proxy/upgrade'
import { type ReadinessCheck, sendHealthy, sendReadiness } from './health'
import { unknownHost } from './host-check'
import { type GatewayMetrics, isLoopbackPeer, type Route, sendMetrics } from './metrics'
import { isForwarded, markRequest, setCommonHeaders, setPagePolicy } from './request-marks'
import { isBelow, isComponentRequest, routeOf } from './route-of'
import { createStreamRouter, isCaller } from './stream-router'

export interface RouterOptions {
  auth: Pick<Auth, 'authenticator' | 'signIn' | 'openByProxy'>
  audit: Audit
  proxy: ApiProxy
  /** Answers `/connections`; left out: nobody does. */
  connections?: ConnectionsEndpoint | undefined
  live: Live
  consoles: ConsoleRelay
  metrics: GatewayMetrics
  metricsToken: string | undefined
  page: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
  development: { forwardUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void } | undefined
  readiness: Readonly<Record<string, ReadinessCheck>>
  /** The other replicas of this console, once they are known; undefined where it is alone. */
  peers: () => Peers | undefined
  /** Names to answer to besides localhost and addresses. */
  knownHosts: ReadonlySet<string>
  log: Logger
}

export interface Router {
  handle(request: IncomingMessage, response: ServerResponse): void
  /** False when nobody owns the path. */
  dispatchUpgrade(upgrade: Upgrade): boolean
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  marks: RequestMarks
  /** Without query. */
  path: string
  /** The peer is on this host and speaks for itself. */
  local: boolean
}

/** Decides for each request who answers it, and that nobody does without the sign-in that it needs. */
export function createRouter(options: RouterOptions): Router {
  const { auth, metrics, log, development } = options
  const { authenticator } = auth
  const rules = { knownHosts: options.knownHosts, development: development !== undefined }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    authenticator.receive(request)
    const local = isLoopbackPeer(request) && !isForwarded(request)
    const marks = markRequest(request)
    setCommonHeaders(response, marks)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const exchange: Exchange = { request, response, marks, path, local }
    const route = routeOf(request, path, rules)
    metrics.observe(route, request, response)
    answer(route, exchange).catch((error: unknown) => {
      log.error({ err: error, requestId: marks.requestId, path }, 'a request failed')
      sendStatus(response, buildStatus(500, `Something went wrong here; the log tells more (${marks.requestId}).`))
    })
  }

  async function answer(route: Route, exchange: Exchange): Promise<void> {
    const { request, response, marks, path, local } = exchange
    switch (route) {
      case 'refused':
        return refuse(exchange)
      case 'health':
        if (!isReading(request)) return methodNotAllowed(exchange)
        return path === '/healthz' ? sendHealthy(response) : sendReadiness(response, options.readiness, log)
      case 'metrics':
        if (!isReading(request)) return methodNotAllowed(exchange)
        return sendMetrics(metrics, request, response, { local, token: options.metricsToken })
      case 'auth':
        return auth.signIn.handle(request, response, marks)
      case 'api': {
        const caller = await authenticator.authenticate(request, marks.requestId)
        return isCaller(caller) ? answerCall(exchange, caller) : sendStatus(response, caller)
      }
      case 'stream':
        return sendStatus(response, buildStatus(426, 'This address is for WebSockets.'), { upgrade: 'websocket' })
      case 'asset':
      case 'page':
        return showPage(route, exchange)
    }
  }

  async function answerCall({ request, response, path }: Exchange, caller: Caller): Promise<void> {
    if (isBelow(path, '/k8s')) return options.proxy.handle(request, response, caller)
    if (isBelow(path, '/audit')) return options.audit.endpoint.handle(request, response, caller)
    options.audit.noteConsoleCall(request, response, caller)
    if (options.connections) return options.connections.handle(request, response, caller)
    sendStatus(response, buildStatus(404, 'This console has no connections to look after.'))
  }

  async function showPage(route: 'asset' | 'page', exchange: Exchange): Promise<void> {
    const { request, response, marks, path } = exchange
    if (!isReading(request) && !development) return methodNotAllowed(exchange)
    if (route === 'page') {
      const signedIn = authenticator.sessionOf(request)
      const isSignIn = path === '/sign-in'
      const opened = signedIn ? undefined : await auth.openByProxy(request, marks.requestId)
      if (opened !== undefined) response.setHeader('set-cookie', opened)
      else if (!signedIn && !isSignIn) return redirect(response, signInFor(request))
      if ((signedIn || opened) && isSignIn && !isComponentRequest(request)) return redirect(response, '/')
      signedIn?.session.touch()
      // What a signed-in person sees stays out of every cache.
      response.setHeader('cache-control', 'private, no-store')
      setPagePolicy({ request, response, nonce: marks.nonce }, { development: development !== undefined })
    }
    delete request.headers.authorization
    await options.page(request, response)
  }

  const dispatchUpgrade = createStreamRouter({ ...options, authenticator })

  return { handle, dispatchUpgrade }
}

function refuse({ request, response, path }: Exchange): void {
  if (path.startsWith('/') && !path.startsWith('//')) return sendStatus(response, unknownHost())
  sendStatus(response, buildStatus(400, `${request.method} needs a path.`))
}

function methodNotAllowed({ request, response, path }: Exchange): void {
  sendStatus(response, buildStatus(405, `${path} cannot be asked with ${request.method}.`), { allow: 'GET, HEAD' })
}

/** The sign-in page, which remembers where the person wanted to go. */
function signInFor({ url = '/' }: IncomingMessage): string {
  return url === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(url)}`
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end()
}
