import os from 'node:os'
import path from 'node:path'
import { StartError } from '../start-error'
import { inClusterAddress } from './in-cluster-address'
import type { PartsContext } from './parts-context'
import type { PlatformConfig } from './process-config'
import { type SupervisedProcess, superviseProcess } from './supervised-process'

/**
 * Whether this instance runs the platform controllers in a process of their own. On a laptop, connected with a kubeconfig,
 * connecting installs nothing and no controller runs unless it is the one thing that was asked for.
 */
export function runsOperator({ cluster, run }: PartsContext['config']): boolean {
  if (!run.has('platform')) return false
  return cluster === 'in-cluster' || (cluster === 'kubeconfig' && run.size === 1)
}

/** Starts the platform controllers without a console of their own. */
export function startOperator({ config, home, layout, script, version, say }: PartsContext): SupervisedProcess {
  return superviseProcess({
    name: 'platform',
    script,
    logFile: config.cluster === 'in-cluster' ? undefined : `${layout.logs}/platform.log`,
    uid: home.uids?.console,
    config: {
      process: 'platform',
      connection: connectionOf(config),
      namespace: config.namespace,
      // A person who looks into the Lease wants to know which pod that is.
      candidate: process.env['POD_NAME'] ?? os.hostname(),
      ...(config.metricsPort === undefined ? {} : { health: { host: config.host, port: config.metricsPort } }),
      version,
    },
    say,
  })
}

function connectionOf(config: PartsContext['config']): PlatformConfig['connection'] {
  if (config.cluster === 'embedded') {
    throw new StartError('--run platform: with the embedded cluster it runs beside the API; add api to --run.')
  }
  if (config.cluster === 'in-cluster') return inClusterAddress(config, process.env)
  return {
    type: 'kubeconfig',
    name: 'cluster',
    kubeconfig: path.resolve(config.kubeconfig ?? path.join(os.homedir(), '.kube', 'config')),
    context: config.contexts?.[0],
  }
}
