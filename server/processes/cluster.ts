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
import { describeProgress, type ShutDownProgress, shutDownMachines } from '../operator/engine/shut-down-machines'
import { startEngine } from '../operator/engine/start-engine'
import { buildSubresourceHandlers } from '../operator/engine/subresources/handlers'
import type { AgentAddress, ClusterConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'
import { publishDemoImage } from './publish-demo-image'

/** The embedded cluster: API server on a unix socket and over HTTPS, and the engine that gives its kinds their meaning. */
export async function startClusterProcess(config: ClusterConfig, context: ChildContext): Promise<Running> {
  const { log, signal } = context
  const hypervisors = new Map<string, Hypervisor>()
  const reach = (agents: readonly AgentAddress[]) => {
    for (const { nodeName, socketPath } of agents) {
      if (!hypervisors.has(nodeName)) hypervisors.set(nodeName, connectHypervisor({ socketPath, log, signal }))
    }
  }
  reach(config.agents)
  const connection = createSocketConnection({
    name: 'local',
    socketPath: config.socketPath,
    token: config.engineToken,
    impersonate: false,
  })
  const client = createKubeClient(connection, { identity: { type: 'self' }, userAgent: 'chiave-engine' })
  const apiServer = await startApiServer({
    databasePath: config.databasePath,
    schemasDirectory: config.schemasDirectory,
    encryptionKey: Buffer.from(config.encryptionKey, 'base64'),
    olderEncryptionKeys: (config.olderEncryptionKeys?.keys ?? []).map((key) => Buffer.from(key, 'base64')),
    users: config.users,
    kinds: { builtIn: builtInKinds, custom: customKinds },
    subresources: buildSubresourceHandlers({ client, hypervisorFor: (node) => hypervisors.get(node) }),
    caCertificate: config.caCertificate,
    staticFiles: { [demoImagePath]: config.demoImage },
    log,
  })
  const replaced = config.olderEncryptionKeys
  void apiServer.resealed.then((done) => {
    if (done && replaced) fs.rmSync(replaced.file, { force: true })
  })
  const listeners = await listen(config, apiServer)
  const { https: tls } = config
  const [engine] = await Promise.all([
    config.runEngine ? startEngine({ client, hypervisors, log, signal }) : undefined,
    tls && publishDemoImage({ client, file: config.demoImage, apiServerUrl: tls.advertisedUrl }),
  ])
  return {
    shutDownMachines: async (agents, tell) => {
      // A working engine would start at once what should run.
      await engine?.stop()
      reach(agents)
      const onProgress = (progress: ShutDownProgress) => tell(describeProgress(progress))
      await shutDownMachines({ client, hypervisors: hypervisors.values(), onProgress, signal })
    },
    close: async () => {
      await engine?.stop()
      connection.close()
      for (const listener of listeners) listener.closeAllConnections()
      await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
      await apiServer.close()
    },
  }
}

async function listen(config: ClusterConfig, apiServer: ApiServer): Promise<(http.Server | https.Server)[]> {
  const { socketPath, https: tls } = config
  const local = http.createServer()
  const secure =
    tls &&
    https.createServer({
      cert: tls.certificate,
      key: tls.key,
      minVersion: 'TLSv1.2',
      // Clients may come with a certificate; whether they must is for the API server to say.
      requestCert: true,
      rejectUnauthorized: false,
      ca: await apiServer.clientAuthority(),
    })
  const servers = secure ? [local, secure] : [local]
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
    secure && new Promise<void>((resolve, reject) => secure.once('error', reject).listen(tls.port, tls.host, resolve)),
  ])
  // The console runs as another user; what it may do is decided by its token.
  fs.chmodSync(socketPath, 0o666)
  return servers
}
