import http from 'node:http'
import next from 'next'
import type { Connection } from '../cluster/connection'
import { createKubeconfigConnection } from '../cluster/kubeconfig'
import { createSocketConnection } from '../cluster/socket-connection'
import { startGateway } from '../http/gateway'
import type { ConsoleConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'

/** The web console: pages, gateway, live updates and console relay over one connection per cluster. */
export async function startConsoleProcess(config: ConsoleConfig, { log, signal }: ChildContext): Promise<Running> {
  // Next adds an upgrade listener of its own and ends sockets it does not know: it gets a server that never listens.
  const decoy = http.createServer()
  const pages = next({ dev: false, dir: config.root, hostname: config.host, port: config.port, httpServer: decoy })
  const handlePage = pages.getRequestHandler()
  const connections: Connection[] = [connect(config.connection)]
  // Side by side: the gateway mostly waits for the disk and the port.
  const prepared = pages.prepare()
  const starting = startGateway({
    host: config.host,
    port: config.port,
    ...(config.tls ? { tls: { cert: config.tls.certificate, key: config.tls.key } } : {}),
    publicHosts: config.publicHosts,
    connections,
    // The embedded cluster knows this person as its administrator; a kubeconfig's user is who it is.
    issueIdentity: () =>
      config.connection.type === 'socket'
        ? { type: 'person', user: 'admin', groups: ['system:masters', 'system:authenticated'] }
        : { type: 'self' },
    stateDirectory: config.stateDirectory,
    loginUrlFile: config.loginUrlFile,
    readiness: Object.fromEntries(connections.map((connection) => [connection.name, () => askReady(connection)])),
    page: async (request, response) => {
      await prepared
      await handlePage(request, response)
    },
    version: config.version,
    log,
    signal,
  })
  const [gateway] = await Promise.all([starting, prepared])
  return {
    url: gateway.url,
    loginUrl: gateway.loginUrl,
    close: async () => {
      await gateway.close()
      for (const connection of connections) connection.close()
      await pages.close()
    },
  }
}

/** Rejects when the cluster's API server does not call itself ready. */
async function askReady(connection: Connection): Promise<void> {
  const answer = await connection.request({ method: 'GET', path: '/readyz', identity: { type: 'self' } })
  answer.resume()
  if (answer.statusCode !== 200) throw new Error(`the API server answered ${answer.statusCode} to /readyz`)
}

function connect(connection: ConsoleConfig['connection']): Connection {
  if (connection.type === 'socket') return createSocketConnection({ ...connection, impersonate: true })
  const { name, kubeconfig, context } = connection
  return createKubeconfigConnection({ name, kubeconfigPath: kubeconfig, context })
}
