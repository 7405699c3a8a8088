import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ApiServer } from '../embedded/api-server'
import type { ClusterConfig, TlsPair } from '../supervisor/process-config'
import type { ChildContext } from './child'

export interface Listeners {
  /** Takes a renewed certificate into use for new connections. */
  takeTls(pair: TlsPair): void
  close(): Promise<void>
}

const day = 24 * 60 * 60 * 1000

/** Opens what the API server is reached on: a unix socket for this instance's own processes, and HTTPS for everyone. */
export async function listen(
  { socketPath, https: tls }: Pick<ClusterConfig, 'socketPath' | 'https'>,
  apiServer: ApiServer,
  log: ChildContext['log'],
): Promise<Listeners> {
  const local = http.createServer()
  const secure = tls && (await listenSecurely(tls, apiServer, log))
  const servers = secure ? [local, secure.server] : [local]
  for (const server of servers) {
    server.on('request', (request, response) => apiServer.handleRequest(request, response))
    server.on('upgrade', (request, socket, head) => apiServer.handleUpgrade(request, socket, head))
    server.keepAliveTimeout = 65_000
    // A watch lasts for hours; only an unfinished head is suspicious.
    server.requestTimeout = 0
    server.headersTimeout = 20_000
  }
  fs.rmSync(socketPath, { force: true })
  await Promise.all([
    new Promise<void>((resolve, reject) => local.once('error', reject).listen(socketPath, resolve)),
    secure &&
      new Promise<void>((resolve, reject) => secure.server.once('error', reject).listen(tls.port, tls.host, resolve)),
  ])
  // The console runs as another user; what it may do is decided by its token.
  fs.chmodSync(socketPath, 0o666)
  return {
    takeTls: (pair) => secure?.takeTls(pair),
    close: async () => {
      secure?.stop()
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** Where others reach what listens on a host: undefined where that is this host alone, or no IPv4 address. */
export function reachableAddress({ host, port }: { host: string; port: number }) {
  const everywhere = host === '0.0.0.0' || host === '::'
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const ip = everywhere ? own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address : host
  return ip !== undefined && isIPv4(ip) && !ip.startsWith('127.') ? { ip, port } : undefined
}

async function listenSecurely(tls: TlsPair, apiServer: ApiServer, log: ChildContext['log']) {
  let { certificate: cert, key } = tls
  let ca = await apiServer.clientAuthority()
  const context = () => ({ cert, key, ca, minVersion: 'TLSv1.2' as const })
  // Clients may come with a certificate; whether they must is for the API server to say.
  const server = https.createServer({ ...context(), requestCert: true, rejectUnauthorized: false })
  const renewAuthority = async (): Promise<void> => {
    const now = await apiServer.clientAuthority()
    if (now === ca) return
    ca = now
    server.setSecureContext(context())
  }
  const daily = setInterval(() => {
    renewAuthority().catch((error: unknown) => log.error({ err: error }, 'cannot read the client authority'))
  }, day)
  daily.unref()
  return {
    server,
    takeTls: (pair: TlsPair) => {
      cert = pair.certificate
      key = pair.key
      server.setSecureContext(context())
    },
    stop: () => clearInterval(daily),
  }
}
