import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isLoopback } from '../config'
import { StartError } from '../start-error'
import { inClusterAddress } from './in-cluster-address'
import { followCertificateFiles, readCertificateFiles } from './own-certificate'
import type { PartsContext } from './parts-context'
import type { ConsoleConfig } from './process-config'
import { readSignInSettings } from './sign-in-settings'
import { certificateHosts } from './start-embedded'
import { type SupervisedProcess, superviseProcess } from './supervised-process'

/** Starts the web console over a connection; on an address that other hosts reach, only with TLS or an explicit flag. */
export async function startConsole(
  context: PartsContext,
  connection: ConsoleConfig['connection'],
): Promise<{ process: SupervisedProcess; fingerprint: string | undefined }> {
  const { config, home, layout } = context
  const own = config.tlsFiles && readCertificateFiles(config.tlsFiles)
  const secure = !isLoopback(config.host) && !config.insecureHttp
  const certificates = secure && !own ? await context.certificates() : undefined
  const server = await certificates?.server('console')
  const tls = own ?? (server && { certificate: server.cert, key: server.key })
  const loginUrlFile = home.file('login-url')
  // Rewritten in place by the console process, which may not create files in the home.
  home.write({ path: loginUrlFile, content: '', mode: 0o600, owner: home.uids?.console })
  const supervised = superviseProcess({
    name: 'console',
    script: context.script,
    logFile: config.cluster === 'in-cluster' ? undefined : `${layout.logs}/console.log`,
    uid: home.uids?.console,
    config: {
      process: 'console',
      root: path.dirname(path.dirname(context.script)),
      host: config.host,
      port: config.port,
      ...(tls ? { tls } : {}),
      publicHosts: [...config.publicHosts, ...certificateHosts(config)],
      connection,
      namespace: config.namespace,
      peerAddress: config.cluster === 'in-cluster' ? process.env['POD_IP'] : undefined,
      metricsToken: readMetricsToken(config.metricsTokenFile),
      signIn: readSignInSettings(config),
      impersonate: config.signIn.impersonate,
      stateDirectory: home.file('console'),
      loginUrlFile,
      version: context.version,
    },
    say: context.say,
  })
  if (config.tlsFiles) followCertificateFiles({ files: config.tlsFiles, server: supervised, say: context.say })
  return { process: supervised, fingerprint: certificates?.fingerprint }
}

/** Read here: the console may run as a user who cannot. */
function readMetricsToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const token = fs.readFileSync(file, 'utf8').trim()
    if (token !== '') return token
  } catch (error) {
    throw new StartError(`--metrics-token-file: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw new StartError(`--metrics-token-file: ${file} is empty.`)
}

/** The connection of a console without a cluster of its own. */
export function outsideConnection(config: PartsContext['config']): ConsoleConfig['connection'] {
  if (config.cluster === 'in-cluster') return inClusterAddress(config, process.env)
  return {
    type: 'kubeconfig',
    kubeconfig: path.resolve(config.kubeconfig ?? path.join(os.homedir(), '.kube', 'config')),
    contexts: config.contexts,
  }
}
