export interface TokenExample {
  /** The console's own address: `https://host:port`. */
  origin: string
  cluster: string
  secret: string
}

/** A first call with an API token, ready to paste into a shell. The secret has no character that a shell would read. */
export function curlExample({ origin, cluster, secret }: TokenExample): string {
  return `curl -H 'Authorization: Bearer ${secret}' \\\n  ${origin}/k8s/${encodeURIComponent(cluster)}/apis/kubevirt.io/v1/virtualmachines`
}

/**
 * A kubeconfig that reaches the cluster through the console as the person who made the token. Undefined where the console
 * speaks plain HTTP: kubectl leaves credentials out there.
 */
export function tokenKubeconfig({ origin, cluster, secret }: TokenExample): string | undefined {
  if (!origin.startsWith('https://')) return undefined
  const name = `chiave-${cluster}`
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `${origin}/k8s/${encodeURIComponent(cluster)}` } }],
    users: [{ name, user: { token: secret } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  // JSON is YAML, too.
  return `${JSON.stringify(config, null, 2)}\n`
}
