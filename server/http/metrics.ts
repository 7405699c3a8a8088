import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BlockList } from 'node:net'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'

/** The kinds of requests that are counted apart. */
export type Route = 'health' | 'metrics' | 'auth' | 'api' | 'stream' | 'asset' | 'page' | 'refused'

export interface GatewayMetrics {
  registry: Registry
  /** Counts the answer when it is complete. */
  observe(route: Route, request: IncomingMessage, response: ServerResponse): void
  streams: Gauge
}

/** The gateway's own figures and the process'; other parts may register theirs in `registry`. */
export function createMetrics(version: string): GatewayMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  new Gauge({ name: 'chiave_build_info', help: 'The running version.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )
  const requests = new Counter({
    name: 'chiave_http_requests_total',
    help: 'Requests answered, by kind, method and status class.',
    labelNames: ['route', 'method', 'code'],
    registers,
  })
  const duration = new Histogram({
    name: 'chiave_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer; watches last as long as they are watched.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  })
  const streams = new Gauge({
    name: 'chiave_streams',
    help: 'Upgraded connections that are open: live updates, consoles, API streams.',
    registers,
  })
  return {
    registry,
    streams,
    observe(route, { method = 'GET' }, response) {
      const startedAt = performance.now()
      response.once('close', () => {
        const code = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'aborted'
        // An unknown method must not make a series of its own.
        const known = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : 'other'
        requests.inc({ route, method: known, code })
        duration.observe({ route }, (performance.now() - startedAt) / 1000)
      })
    },
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether the peer itself is on this host. */
export function isLoopbackPeer({ socket }: IncomingMessage): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
  return loopback.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

export interface MetricsAccess {
  /** Whether the peer may read without a token. */
  local: boolean
  /** Lets others in; without one only this host reads. */
  token: string | undefined
}

/** Answers `GET /metrics` for this host or a bearer of the token. */
export async function sendMetrics(
  { registry }: GatewayMetrics,
  request: IncomingMessage,
  response: ServerResponse,
  { local, token }: MetricsAccess,
): Promise<void> {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const knows = token !== undefined && given !== undefined && same(given, token)
  if (!local && !knows) {
    return sendStatus(response, buildStatus(401, 'Metrics are for this host, or for bearers of the metrics token.'))
  }
  const body = await registry.metrics()
  response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(body)
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
