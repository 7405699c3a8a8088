import { randomBytes } from 'node:crypto'
import { platformKind } from '@/contract/kinds/platform-chiave'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Connection } from '../cluster/connection'
import { createInClusterConnection } from '../cluster/in-cluster'
import { createKubeconfigConnection } from '../cluster/kubeconfig'
import { createOperatorMetrics } from '../operator/platform/metrics'
import { startPlatform } from '../operator/platform/start-platform'
import type { PlatformConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'
import { serveOperatorHealth } from './operator-health'

/** As `deploy/base/operator-access.yaml` allows. */
const leaseName = 'chiave-operator'
const userAgent = 'chiave-operator'
/**
 * Milliseconds. A little less than client-go's: a candidate sees a renewal up to 2.4 s late, and whoever takes over from
 * a leader that was killed shall have done so 15 s later.
 */
const timings = { leaseDuration: 12_000, renewDeadline: 8_000, retryPeriod: 2_000 }

/** The operator by itself: platform controllers, elected among its replicas, and what tells of their health. */
export async function startPlatformProcess(config: PlatformConfig, { log, signal }: ChildContext): Promise<Running> {
  const { connection, namespace } = connect(config)
  const identity = { type: 'self' } as const
  const client = createKubeClient(connection, { identity, userAgent })
  const metrics = createOperatorMetrics(config.version)
  const stopped = new AbortController()
  const platform = startPlatform({
    client,
    version: config.version,
    log,
    metrics,
    election: {
      // An answer after the deadline would be of no use.
      client: createKubeClient(connection, { identity, userAgent, timeoutMs: 5_000 }),
      lease: { namespace: config.namespace ?? namespace, name: leaseName },
      identity: `${config.candidate}_${randomBytes(6).toString('hex')}`,
      timings,
    },
    signal: AbortSignal.any([signal, stopped.signal]),
  })
  const health =
    config.health &&
    (await serveOperatorHealth({
      ...config.health,
      // A replica that only waits is as ready as the one that leads; both need the API and the kind they write.
      readiness: { api: () => client.list(platformKind, { limit: 1 }) },
      registry: metrics.registry,
      log,
    }))
  return {
    ...(health ? { url: health.url } : {}),
    close: async () => {
      stopped.abort()
      await platform.stopped
      await health?.close()
      connection.close()
    },
  }
}

function connect({ connection }: PlatformConfig): { connection: Connection; namespace: string } {
  if (connection.type === 'in-cluster') {
    const { name, directory, environment } = connection
    const made = createInClusterConnection({ name, directory, environment })
    return { connection: made, namespace: made.namespace }
  }
  const { name, kubeconfig, context } = connection
  // The namespace of deploy/: an operator outside and one inside shall not both lead.
  return {
    connection: createKubeconfigConnection({ name, kubeconfigPath: kubeconfig, context }),
    namespace: 'chiave-system',
  }
}
