import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import type { Authenticator } from '@/server/auth/authenticator'
import { isReading } from '@/server/auth/same-origin'
import type { RequestMarks, SignIn } from '@/server/auth/sign-in'
import type { ConsoleRelay } from '@/server/consoles/console-relay'
import type { Live } from '@/server/inventory/live'
import type { ApiProxy, Upgrade } from '@/server/proxy/api-proxy'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus, refuseUpgrade, sendStatus } from '@/server/proxy/status-response'
import { type ReadinessCheck, sendHealthy, sendReadiness } from './health'
import { isKnownHost } from './host-check'
import { type GatewayMetrics, isLoopbackPeer, type Route, sendMetrics } from './metrics'
import { isForwarded, markRequest, setCommonHeaders, setPagePolicy } from './request-marks'

export interface RouterOptions {
  authenticator: Authenticator
  signIn: SignIn
  proxy: ApiProxy
  live: Live
  consoles: ConsoleRelay
  metrics: GatewayMetrics
  metricsToken: string | undefined
  page: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
  development: { forwardUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void } | undefined
  readiness: Readonly<Record<string, ReadinessCheck>>
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

/** Next's build output and the files of public/: the same for everyone, needed before sign-in. */
const publicAssets = /^\/(_next\/static\/.+|assets\/.+|[\w-]+\.(ico|svg|png|txt|webmanifest|woff2))$/
const developmentAssets = /^\/(_next\/|__nextjs)/

/** Decides for each request who answers it, and that nobody does without the sign-in that it needs. */
export function createRouter(options: RouterOptions): Router {
  const { authenticator, metrics, log, development } = options

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const local = isLoopbackPeer(request) && !isForwarded(request)
    const marks = markRequest(request)
    setCommonHeaders(response, marks)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const exchange: Exchange = { request, response, marks, path, local }
    const route = routeOf(exchange)
    metrics.observe(route, request, response)
    answer(route, exchange).catch((error: unknown) => {
      log.error({ err: error, requestId: marks.requestId, path }, 'a request failed')
      sendStatus(response, buildStatus(500, `Something went wrong here; the log tells more (${marks.requestId}).`))
    })
  }

  function routeOf({ request, path }: Exchange): Route {
    // An absolute address in the request line would be read differently by what comes after us.
    if (!path.startsWith('/') || path.startsWith('//') || !isKnownHost(request, options.knownHosts)) return 'refused'
    if (path === '/healthz' || path === '/readyz') return 'health'
    if (path === '/metrics') return 'metrics'
    if (isBelow(path, '/auth')) return 'auth'
    if (isBelow(path, '/k8s')) return 'api'
    if (isBelow(path, '/live') || isBelow(path, '/consoles')) return 'stream'
    if (publicAssets.test(path) || (development && developmentAssets.test(path))) return 'asset'
    return 'page'
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
        return options.signIn.handle(request, response, marks)
      case 'api': {
        const caller = authenticator.authenticate(request, marks.requestId)
        return isCaller(caller) ? options.proxy.handle(request, response, caller) : sendStatus(response, caller)
      }
      case 'stream':
        return sendStatus(response, buildStatus(426, 'This address is for WebSockets.'), { upgrade: 'websocket' })
      case 'asset':
      case 'page':
        return showPage(route, exchange)
    }
  }

  async function showPage(route: 'asset' | 'page', exchange: Exchange): Promise<void> {
    const { request, response, marks, path } = exchange
    if (!isReading(request) && !development) return methodNotAllowed(exchange)
    if (route === 'page') {
      const session = authenticator.sessionOf(request)
      const isSignIn = path === '/sign-in'
      if (!session && !isSignIn) return redirect(response, signInFor(request))
      if (session && isSignIn && !isComponentRequest(request)) return redirect(response, '/')
      session?.touch()
      // What a signed-in person sees stays out of every cache.
      response.setHeader('cache-control', 'private, no-store')
      setPagePolicy({ request, response, nonce: marks.nonce }, { development: development !== undefined })
    }
    delete request.headers.authorization
    await options.page(request, response)
  }

  function dispatchUpgrade(upgrade: Upgrade): boolean {
    const { request, socket, head } = upgrade
    const { requestId } = markRequest(request)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (!isKnownHost(request, options.knownHosts)) {
      refuseUpgrade(request, socket, unknownHost())
      return true
    }
    if (development && path.startsWith('/_next/')) {
      development.forwardUpgrade(request, socket, head)
      return true
    }
    const owner = streamOwner(path)
    if (!owner) return false
    const caller = authenticator.authenticate(request, requestId)
    if (!isCaller(caller)) refuseUpgrade(request, socket, caller)
    else {
      owner(upgrade, caller).catch((error: unknown) => {
        log.error({ err: error, requestId, path }, 'a stream failed')
        socket.destroy()
      })
    }
    return true
  }

  function streamOwner(path: string): ((upgrade: Upgrade, caller: Caller) => Promise<void>) | undefined {
    if (isBelow(path, '/k8s')) return options.proxy.handleUpgrade
    if (isBelow(path, '/consoles')) return options.consoles.handleUpgrade
    return path === '/live' ? options.live.handleUpgrade : undefined
  }

  return { handle, dispatchUpgrade }
}

const isBelow = (path: string, root: string) => path === root || path.startsWith(`${root}/`)

/** A caller has an identity; a refusal is a Status. */
function isCaller(value: Caller | ReturnType<typeof buildStatus>): value is Caller {
  return 'identity' in value
}

const unknownHost = () =>
  buildStatus(421, 'This server is not known by that name. Open it by its address or a name given with --public-host.')

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

/** Next's client fetches parts of pages this way; a redirect would make it leave the page it is on. */
function isComponentRequest({ headers }: IncomingMessage): boolean {
  return headers['rsc'] !== undefined
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end()
}
