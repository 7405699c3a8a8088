import fs from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import path from 'node:path'
import type { Config } from '../config'
import { type Credentials, ensureCredentials, writeKubeconfig } from '../home/credentials'
import { readEncryptionKeys } from '../home/encryption-keys'
import { rotationRequest, rotations } from '../home/rotation-requests'
import type { PartsContext } from './parts-context'
import type { AgentAddress, ClusterConfig } from './process-config'
import { type SupervisedProcess, superviseProcess } from './supervised-process'

/** Starts one node agent per node; they alone keep privileges. */
export function startAgents({ config, home, layout, script, importWorker, say }: PartsContext): SupervisedProcess[] {
  const share = home.uids ? Math.floor(home.uids.guests.count / layout.nodes.length) : 0
  return layout.nodes.map((node, index) =>
    superviseProcess({
      name: 'agent',
      script,
      logFile: `${layout.logs}/agent-${node.name}.log`,
      config: {
        process: 'agent',
        instanceId: home.instanceId,
        nodeName: node.name,
        nodeDirectory: node.directory,
        socketPath: node.socket,
        importWorker,
        importDeny: config.importDeny,
        ...(home.uids
          ? {
              socketOwner: home.uids.cluster,
              importerUid: home.uids.importer,
              guestUids: { first: home.uids.guests.first + index * share, count: share },
            }
          : {}),
      },
      say,
    }),
  )
}

/** Where the agents of this instance's nodes are. */
export function agentAddresses({ layout }: PartsContext): AgentAddress[] {
  return layout.nodes.map((node) => ({ nodeName: node.name, socketPath: node.socket }))
}

/** Starts the embedded API server and, with the part `engine`, the controllers; writes the admin's kubeconfig. */
export async function startCluster(
  context: PartsContext,
): Promise<{ cluster: SupervisedProcess; connection: { socketPath: string; token: string } }> {
  const { config, home, layout } = context
  const credentials = ensureCredentials(home)
  const certificates = await context.certificates()
  const server = await certificates.server('api')
  const advertised = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host
  const url = `https://${advertised.includes(':') ? `[${advertised}]` : advertised}:${config.apiPort}`
  const runEngine = config.run.has('engine')
  writeKubeconfig(home, { server: url, caCertificate: certificates.ca.cert, token: credentials.admin })
  const cluster = superviseCluster(context, {
    ...clusterBasics(context, credentials),
    caCertificate: certificates.ca.cert,
    https: {
      host: config.host,
      port: config.apiPort,
      certificate: server.cert,
      key: server.key,
      advertisedUrl: url,
    },
    agents: runEngine ? agentAddresses(context) : [],
    runEngine,
    runPlatform: config.run.has('platform'),
  })
  return { cluster, connection: { socketPath: layout.clusterSocket, token: credentials.console } }
}

/**
 * Starts the API server for nothing but to shut guests down: without engine, and on its unix socket alone, since another
 * instance may have the ports that this command line names.
 */
export async function startClusterForShutDown(context: PartsContext): Promise<SupervisedProcess> {
  const certificates = await context.certificates()
  return superviseCluster(context, {
    ...clusterBasics(context, ensureCredentials(context.home)),
    caCertificate: certificates.ca.cert,
    agents: [],
    runEngine: false,
    runPlatform: false,
  })
}

function clusterBasics({ home, layout, script, version }: PartsContext, credentials: Credentials) {
  const { current, older, olderFile } = readEncryptionKeys(home)
  const keys = older.map((key) => key.toString('base64'))
  return {
    process: 'cluster' as const,
    databasePath: home.file('cluster', 'state.db'),
    encryptionKey: current.toString('base64'),
    olderEncryptionKeys: keys.length > 0 ? { keys, file: olderFile } : undefined,
    rotations: rotations.map((what) => ({ what, file: rotationRequest(home, what) })),
    users: credentials.users,
    engineToken: credentials.engine,
    socketPath: layout.clusterSocket,
    demoImage: layout.image('chiave-demo.qcow2'),
    schemasDirectory: path.join(path.dirname(script), 'schemas'),
    version,
  }
}

function superviseCluster({ script, layout, home, say }: PartsContext, config: ClusterConfig): SupervisedProcess {
  return superviseProcess({
    name: 'cluster',
    script,
    logFile: `${layout.logs}/cluster.log`,
    uid: home.uids?.cluster,
    config,
    say,
  })
}

/** Names under which this instance's certificates are valid. */
export function certificateHosts(config: Config): string[] {
  const bound = config.host === '0.0.0.0' || config.host === '::' ? [] : [config.host]
  return [...new Set(['localhost', '127.0.0.1', '::1', ...bound, ...config.publicHosts, ...ownAddresses(config)])]
}

function ownAddresses({ host }: Config): string[] {
  if (host !== '0.0.0.0' && host !== '::') return []
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return [
    hostname(),
    ...addresses.filter((entry) => !entry.internal && !entry.address.startsWith('fe80')).map((entry) => entry.address),
  ]
}

/** Says in one sentence why the embedded cluster cannot run here, or nothing. */
export function embeddedObstacle(): string | undefined {
  if (process.platform !== 'linux') {
    return 'The embedded cluster needs Linux; on this system use --cluster kubeconfig with a cluster of yours.'
  }
  const qemu = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
  const found = (program: string) =>
    (process.env['PATH'] ?? '').split(':').some((directory) => fs.existsSync(`${directory}/${program}`))
  if (process.arch !== 'x64') {
    return 'The embedded cluster runs on x86-64 hosts so far; here use --cluster kubeconfig with a cluster of yours.'
  }
  for (const program of [qemu, 'qemu-img']) {
    if (!found(program)) {
      return `The embedded cluster needs ${program}, which is not installed; npm start installs it, or use --cluster kubeconfig with a cluster of yours.`
    }
  }
  return undefined
}
