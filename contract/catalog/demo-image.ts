import { stringify } from 'yaml'
import type { ConfigMap } from '../kinds/core'
import { catalogKey, catalogLabel, catalogNamespace } from './read-catalog'

/** Where the embedded cluster's API server hands out the demo guest's image, below its own address. */
export const demoImagePath = '/images/chiave-demo.qcow2'

/**
 * The catalog entry of the demo guest, which only a cluster that hands out its image has. `apiServerUrl` is the address
 * at which that cluster's importer reaches its API server; the ConfigMap `kube-root-ca.crt` of every namespace trusts it.
 */
export function buildDemoCatalogConfigMap({ apiServerUrl }: { apiServerUrl: string }): ConfigMap {
  const entry = {
    id: 'chiave-demo',
    name: 'Chiave demo Linux',
    description: 'A small Linux that boots in seconds: to try things out.',
    descriptions: { it: 'Un piccolo Linux che si avvia in pochi secondi: per fare prove.' },
    osFamily: 'chiave',
    files: { amd64: { url: `${apiServerUrl}${demoImagePath}` } },
    certConfigMap: 'kube-root-ca.crt',
    defaultUser: 'chiave',
    seed: 'cloud-init',
    minimumMemory: '128Mi',
    minimumDisk: '256Mi',
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'chiave-demo-image',
      namespace: catalogNamespace,
      labels: { [catalogLabel]: 'true' },
    },
    data: { [catalogKey]: stringify([entry]) },
  }
}
