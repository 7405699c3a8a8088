import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { type ReadinessCheck, sendHealthy, sendReadiness } from '../http/health'
import { listen } from '../http/listen'

export interface OperatorHealthOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  readiness: Readonly<Record<string, ReadinessCheck>>
  registry: Registry
  log: Logger
}

export interface OperatorHealth {
  url: string
  close(): Promise<void>
}

/** What tells of an operator without a console: `/healthz`, `/readyz` and `/metrics`, to read only, with no secret. */
export async function serveOperatorHealth(options: OperatorHealthOptions): Promise<OperatorHealth> {
  const { host, readiness, registry, log } = options
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end()
    if (path === '/healthz') return sendHealthy(response)
    if (path === '/readyz') return sendReadiness(response, readiness, log)
    if (path !== '/metrics') return void response.writeHead(404).end()
    const body = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(body)
  }
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.maxConnections = 64
  const port = await listen(server, host, options.port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
