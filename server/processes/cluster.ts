import fs from 'node:fs'
import { demoImagePath } from '@/contract/catalog/demo-image'
import { builtInKinds, customKinds } from '@/contract/kinds/registry'
import { createKubeClient } from '../cluster/client/kube-client'
import { createSocketConnection } from '../cluster/socket-connection'
import { startApiServer } from '../embedded/api-server'
import { connectHypervisor } from '../hypervisor/remote-hypervisor'
import type { Hypervisor } from '../operator/engine/hypervisor-port'
import { describeProgress, type ShutDownProgress, shutDownMachines } from '../operator/engine/shut-down-machines'
import { startEngine } from '../operator/engine/start-engine'
import { buildSubresourceHandlers } from '../operator/engine/subresources/handlers'
import { startPlatform } from '../operator/platform/start-platform'
import type { AgentAddress, ClusterConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'
import { listen, reachableAddress } from './cluster-listeners'
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
  const rotations = config.rotations.filter(({ file }) => fs.existsSync(file))
  const apiServer = await startApiServer({
    databasePath: config.databasePath,
    schemasDirectory: config.schemasDirectory,
    encryptionKey: Buffer.from(config.encryptionKey, 'base64'),
    olderEncryptionKeys: (config.olderEncryptionKeys?.keys ?? []).map((key) => Buffer.from(key, 'base64')),
    users: config.users,
    kinds: { builtIn: builtInKinds, custom: customKinds },
    subresources: buildSubresourceHandlers({ client, hypervisorFor: (node) => hypervisors.get(node) }),
    caCertificate: config.caCertificate,
    rotate: rotations.map(({ what }) => what),
    address: config.https && reachableAddress(config.https),
    staticFiles: { [demoImagePath]: config.demoImage },
    log,
  })
  for (const { file } of rotations) fs.rmSync(file, { force: true })
  const replaced = config.olderEncryptionKeys
  void apiServer.resealed.then((done) => {
    if (done && replaced) fs.rmSync(replaced.file, { force: true })
  })
  const listeners = await listen(config, apiServer, log)
  const { https: tls } = config
  const [engine] = await Promise.all([
    config.runEngine ? startEngine({ client, hypervisors, log, signal }) : undefined,
    tls && publishDemoImage({ client, file: config.demoImage, apiServerUrl: tls.advertisedUrl }),
  ])
  const ending = new AbortController()
  // The only operator there can be: nobody to be elected from.
  const platform = config.runPlatform
    ? startPlatform({ client, version: config.version, log, signal: AbortSignal.any([signal, ending.signal]) })
    : undefined
  platform?.stopped.catch((error: unknown) => log.error({ err: error }, 'the platform controllers ended'))
  return {
    takeTls: listeners.takeTls,
    shutDownMachines: async (agents, tell) => {
      // A working engine would start at once what should run.
      await engine?.stop()
      reach(agents)
      const onProgress = (progress: ShutDownProgress) => tell(describeProgress(progress))
      await shutDownMachines({ client, hypervisors: hypervisors.values(), onProgress, signal })
    },
    close: async () => {
      ending.abort()
      await Promise.all([engine?.stop(), platform?.stopped])
      connection.close()
      await listeners.close()
      await apiServer.close()
    },
  }
}
