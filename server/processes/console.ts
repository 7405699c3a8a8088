import http from 'node:http'
import next from 'next'
import type { Logger } from 'pino'
import type { Connection, Identity } from '../cluster/connection'
import { createInClusterConnection } from '../cluster/in-cluster'
import { createSocketConnection } from '../cluster/socket-connection'
import { type FirstConnection, startConnections } from '../connections/start-connections'
import { type GatewayOptions, startGateway } from '../http/gateway'
import { startPeers } from '../peers/peers'
import type { RecordStore } from '../records/record-store'
import type { ConsoleConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'
import { openRecords } from './open-records'

/** The web console: pages, gateway, live updates and console relay over one connection per cluster. */
export async function startConsoleProcess(config: ConsoleConfig, { log, signal }: ChildContext): Promise<Running> {
  // Next adds an upgrade listener of its own and ends sockets it does not know: it gets a server that never listens.
  const decoy = http.createServer()
  const pages = next({ dev: false, dir: config.root, hostname: config.host, port: config.port, httpServer: decoy })
  const handlePage = pages.getRequestHandler()
  const first = firstConnection(config.connection)
  const { records, readiness, close: closeRecords } = await openRecords(config, log)
  const { connections, endpoint, close: closeConnections } = await startConnections({ first, records, log })
  // Side by side: the gateway mostly waits for the disk and the port.
  const prepared = pages.prepare()
  const starting = startGateway({
    host: config.host,
    port: config.port,
    ...(config.tls ? { tls: { cert: config.tls.certificate, key: config.tls.key } } : {}),
    publicHosts: config.publicHosts,
    connections,
    connectionsEndpoint: endpoint,
    records,
    issueIdentity: () => ownerOf(config.connection),
    signIn: config.signIn,
    impersonate: config.impersonate,
    stateDirectory: config.stateDirectory,
    loginUrlFile: config.loginUrlFile,
    readiness: { ...readinessOf(first), ...readiness },
    metricsToken: config.metricsToken,
    page: async (request, response) => {
      await prepared
      await handlePage(request, response)
    },
    ...(config.peerAddress === undefined ? {} : { joinPeers: joinPeers(records, config.peerAddress, log) }),
    version: config.version,
    log,
    signal,
  })
  const [gateway] = await Promise.all([starting, prepared])
  return {
    url: gateway.url,
    loginUrl: gateway.loginUrl,
    takeTls: ({ certificate, key }) => gateway.setTls({ cert: certificate, key }),
    close: async () => {
      await gateway.close()
      closeConnections()
      await closeRecords()
      await pages.close()
    },
  }
}

/**
 * Who comes by the one-time link. The embedded cluster knows this person as its administrator; a kubeconfig's user is who
 * it is. Inside a cluster the console's own account is nobody's: there the link's owner looks after the console alone, and
 * may do in the cluster what its administrator grants to a user of this name.
 */
function ownerOf(connection: ConsoleConfig['connection']): Identity {
  switch (connection.type) {
    case 'socket':
      return { type: 'person', user: 'admin', groups: ['system:masters', 'system:authenticated'] }
    case 'kubeconfig':
      return { type: 'self' }
    case 'in-cluster':
      return { type: 'person', user: 'chiave-owner', groups: [] }
  }
}

/** Replicas that share records share their work. */
function joinPeers(records: RecordStore, address: string, log: Logger): GatewayOptions['joinPeers'] {
  return (self) => startPeers({ ...self, records, address, log })
}

/** A console that belongs to a cluster is ready when that one is; one that looks at clusters from outside is so anyway. */
function readinessOf(first: FirstConnection): Record<string, () => Promise<void>> {
  return first.type === 'kubeconfig' ? {} : { [first.connection.name]: () => askReady(first.connection) }
}

/** Rejects when the cluster's API server does not call itself ready. */
async function askReady(connection: Connection): Promise<void> {
  const answer = await connection.request({
    method: 'GET',
    path: '/readyz',
    identity: { type: 'self' },
    signal: AbortSignal.timeout(readyWithinMs),
  })
  answer.resume()
  if (answer.statusCode !== 200) throw new Error(`the API server answered ${answer.statusCode} to /readyz`)
}

const readyWithinMs = 5_000

function firstConnection(connection: ConsoleConfig['connection']): FirstConnection {
  switch (connection.type) {
    case 'socket': {
      const { name } = connection
      return {
        type: 'embedded',
        displayName: name,
        connection: createSocketConnection({ ...connection, impersonate: true }),
      }
    }
    case 'kubeconfig':
      return { type: 'kubeconfig', kubeconfigPath: connection.kubeconfig, contexts: connection.contexts }
    case 'in-cluster': {
      const { name, directory, environment } = connection
      const inside = createInClusterConnection({ name, directory, environment })
      return { type: 'in-cluster', displayName: name, server: new URL(inside.server).host, connection: inside }
    }
  }
}
