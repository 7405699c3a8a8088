import fs from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import type { Config } from '../config'
import { ensureCertificates } from '../home/certificates'
import { ensureCredentials, writeKubeconfig } from '../home/credentials'
import type { Home } from '../home/home'
import type { Layout } from './layout'
import type { ClusterConfig } from './process-config'
import { type SupervisedProcess, superviseProcess } from './supervised-process'

export interface PartsContext {
  config: Config
  home: Home
  layout: Layout
  /** The bundle that every process is a start of. */
  script: string
  importWorker: string
  version: string
  say(line: string): void
  signal: AbortSignal
}

export interface Parts {
  ready: Promise<unknown>
  /** In stopping order. */
  processes: SupervisedProcess[]
}

/** Starts one node agent per node; they alone keep privileges. */
export function startAgents({
  home,
  layout,
  script,
  importWorker,
  say,
  signal,
}: Omit<PartsContext, 'config' | 'version'>): Parts {
  const share = home.uids ? Math.floor(home.uids.guests.count / layout.nodes.length) : 0
  const processes = layout.nodes.map((node, index) =>
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
        ...(home.uids
          ? {
              socketOwner: home.uids.cluster,
              importerUid: home.uids.importer,
              guestUids: { first: home.uids.guests.first + index * share, count: share },
            }
          : {}),
      },
      say,
      signal,
    }),
  )
  return { processes, ready: Promise.all(processes.map((process) => process.ready)) }
}

/** Starts the embedded API server and, with the part `engine`, the controllers; writes the admin's kubeconfig. */
export async function startCluster(
  context: PartsContext,
): Promise<Parts & { connection: { socketPath: string; token: string } }> {
  const { config, home, layout } = context
  const credentials = ensureCredentials(home)
  const certificates = await ensureCertificates({ directory: home.file('tls'), hosts: certificateHosts(config) })
  const server = await certificates.server('api')
  const advertised = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host
  const url = `https://${advertised.includes(':') ? `[${advertised}]` : advertised}:${config.apiPort}`
  const clusterConfig: ClusterConfig = {
    process: 'cluster',
    databasePath: home.file('cluster', 'state.db'),
    encryptionKey: home
      .secret({ path: home.file('cluster', 'secret.key'), bytes: 32, owner: home.uids?.cluster })
      .toString('base64'),
    users: credentials.users,
    engineToken: credentials.engine,
    socketPath: layout.clusterSocket,
    https: {
      host: config.host,
      port: config.apiPort,
      certificate: server.cert,
      key: server.key,
      caCertificate: certificates.ca.cert,
      advertisedUrl: url,
    },
    agents: config.run.has('engine')
      ? layout.nodes.map((node) => ({ nodeName: node.name, socketPath: node.socket }))
      : [],
    demoImage: layout.image('chiave-demo.qcow2'),
    runEngine: config.run.has('engine'),
    version: context.version,
  }
  writeKubeconfig(home, { server: url, caCertificate: certificates.ca.cert, token: credentials.admin })
  const cluster = superviseProcess({
    name: 'cluster',
    script: context.script,
    logFile: `${layout.logs}/cluster.log`,
    uid: home.uids?.cluster,
    config: clusterConfig,
    say: context.say,
    signal: context.signal,
  })
  return {
    processes: [cluster],
    ready: cluster.ready,
    connection: { socketPath: layout.clusterSocket, token: credentials.console },
  }
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
