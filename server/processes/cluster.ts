import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { demoImagePath } from '@/contract/catalog/demo-image'
import { builtInKinds, customKinds } from '@/contract/kinds/registry'
import { createKubeClient } from '../cluster/client/kube-client'
import { createSocketConnection } from '../cluster/socket-connection'
import { type ApiServer, startApiServer } from '../embedded/api-server'
import { connectHypervisor } from '../hypervisor/remote-hypervisor'
import type { Hypervisor } from '../operator/engine/hypervisor-port'
import { startEngine } from '../operator/engine/start-engine'
import { buildSubresourceHandlers } from '../operator/engine/subresources/handlers'
import type { ClusterConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'
import { publishDemoImage } from './publish-demo-image'

/** The embedded cluster: API server on a unix socket and over HTTPS, and the engine that gives its kinds their meaning. */
export async function startClusterProcess(config: ClusterConfig, context: ChildContext): Promise<Running> {
  const { log, signal } = context
  const hypervisors = new Map<string, Hypervisor>(
    config.agents.map(({ nodeName, socketPath }) => [nodeName, connectHypervisor({ socketPath, log, signal })]),
  )
  const connection = createSocketConnection({
    name: 'local',
    socketPath: config.socketPath,
    token: config.engineToken,
    impersonate: false,
  })
  const client = createKubeClient(connection, { identity: { type: 'self' }, userAgent: 'chiave-engine' })
  const apiServer = await startApiServer({
    databasePath: config.databasePath,
    encryptionKey: Buffer.from(config.encryptionKey, 'base64'),
    users: config.users,
    kinds: { builtIn: builtInKinds, custom: customKinds },
    subresources: buildSubresourceHandlers({ client, hypervisorFor: (node) => hypervisors.get(node) }),
    caCertificate: config.https.caCertificate,
    staticFiles: { [demoImagePath]: config.demoImage },
    log,
  })
  const listeners = await listen(config, apiServer)
  await publishDemoImage({ client, file: config.demoImage, apiServerUrl: config.https.advertisedUrl })
  const engine = config.runEngine ? await startEngine({ client, hypervisors, log, signal }) : undefined
  return {
    close: async () => {
      await engine?.stop()
      connection.close()
      for (const listener of listeners) listener.closeAllConnections()
      await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
      await apiServer.close()
    },
  }
}

async function listen(
  { socketPath, https: tls }: ClusterConfig,
  apiServer: ApiServer,
): Promise<(http.Server | https.Server)[]> {
  const local = http.createServer()
  const secure = https.createServer({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' })
  for (const server of [local, secure]) {
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
    new Promise<void>((resolve, reject) => secure.once('error', reject).listen(tls.port, tls.host, resolve)),
  ])
  // The console runs as another user; what it may do is decided by its token.
  fs.chmodSync(socketPath, 0o666)
  return [local, secure]
}
