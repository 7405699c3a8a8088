import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What stands in front of an API server and does with its requests what a bad day does. */
export type Fault =
  | 'none'
  /** Takes the request and never answers. */
  | 'hang'
  /** As `hang`, and what is already streaming falls silent too, with its connection open. */
  | 'freeze'
  | { status: number; body?: string; type?: string; headers?: Record<string, string> }

export interface FaultyApi {
  url: string
  /** In force for every request from now on. */
  fault: Fault
  /** Requests that came, without their queries. */
  readonly requests: string[]
  /** Ends every stream that is open, as a restarted load balancer does. */
  dropStreams(): void
  /** Nobody listens any more, as with a server that is being restarted. */
  stop(): Promise<void>
  /** Listens again, at the same address. */
  start(): Promise<void>
}

/** A real HTTP server that passes everything on to the API server at `upstream`, unless it is told otherwise. */
export async function startFaultyApi(upstream: string): Promise<FaultyApi> {
  const target = new URL(upstream)
  const sockets = new Set<Socket>()
  const streams = new Set<ServerResponse>()
  let server: Server
  let port = 0

  function answer(request: IncomingMessage, response: ServerResponse): void {
    api.requests.push(`${request.method} ${request.url?.split('?', 1)[0]}`)
    const { fault } = api
    if (fault === 'hang' || fault === 'freeze') return
    if (fault !== 'none') {
      const { status, body = '', type = 'application/json', headers = {} } = fault
      response.writeHead(status, { 'content-type': type, ...headers }).end(body)
      return
    }
    const passed = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
        agent: false,
      },
      (from) => {
        response.writeHead(from.statusCode ?? 502, from.headers)
        response.flushHeaders()
        streams.add(response)
        response.once('close', () => {
          streams.delete(response)
          from.destroy()
        })
        from.on('data', (chunk: Buffer) => api.fault !== 'freeze' && response.write(chunk))
        from.once('end', () => api.fault !== 'freeze' && response.end())
        from.once('error', () => response.destroy())
      },
    )
    passed.once('error', () => response.destroy())
    request.pipe(passed)
  }

  const api: FaultyApi = {
    url: '',
    fault: 'none',
    requests: [],
    dropStreams() {
      for (const stream of streams) stream.destroy()
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
    async start() {
      server = createServer(answer).listen(port, '127.0.0.1')
      server.on('connection', (socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      await once(server, 'listening')
      // It listens on TCP.
      port = (server.address() as AddressInfo).port
      api.url = `http://127.0.0.1:${port}`
    },
  }
  await api.start()
  return api
}
