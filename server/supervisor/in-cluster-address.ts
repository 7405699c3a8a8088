import type { Config } from '../config'

/** How a process reaches the cluster it is deployed in: plain JSON, since children get little of the environment. */
export interface InClusterAddress {
  type: 'in-cluster'
  name: string
  /** Holds `token`, `ca.crt` and `namespace`; undefined: where every pod has them. */
  directory?: string | undefined
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT as the kubelet sets them. */
  environment: Record<string, string>
}

/** Reads from the supervisor's environment what its children need to reach the cluster. */
export function inClusterAddress(
  config: Pick<Config, 'serviceAccount'>,
  env: Readonly<Record<string, string | undefined>>,
): InClusterAddress {
  const environment: Record<string, string> = {}
  for (const name of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT']) {
    const value = env[name]
    if (value !== undefined) environment[name] = value
  }
  return { type: 'in-cluster', name: 'cluster', directory: config.serviceAccount, environment }
}
