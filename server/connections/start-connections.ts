import type { Connection } from '@/server/cluster/connection'
import type { Log } from '@/server/cluster/log'
import type { RecordStore } from '@/server/records/record-store'
import { createAddedConnections } from './added-connections'
import { type Connections, type ConnectionsOptions, createConnections } from './connections'
import { type ConnectionsEndpoint, createConnectionsEndpoint } from './connections-endpoint'
import { followKubeconfig } from './kubeconfig-contexts'
import { createReadOnlyChoices } from './read-only-choices'

/** What the console is started on, besides what people add. */
export type FirstConnection =
  | { type: 'embedded' | 'in-cluster'; displayName: string; server?: string; connection: Connection }
  | { type: 'kubeconfig'; kubeconfigPath: string; contexts?: readonly string[] | undefined; everyMs?: number }

export interface StartConnectionsOptions extends ConnectionsOptions {
  first: FirstConnection
  /** Holds what people add (`connections`) and what they chose (`profiles`). */
  records: RecordStore
  log: Log
}

export interface StartedConnections {
  connections: Connections
  endpoint: ConnectionsEndpoint
  close(): void
}

/** Opens every connection of a console. Rejects with KubeconfigError when the first one cannot be used at all. */
export async function startConnections(options: StartConnectionsOptions): Promise<StartedConnections> {
  const { first, records, log, ...probing } = options
  const [kept, profiles] = await Promise.all([records.open('connections'), records.open('profiles')])
  const connections = createConnections(probing)
  const unfollow = openFirst(connections, first, log)
  const added = createAddedConnections({ connections, records: kept, log })
  const endpoint = createConnectionsEndpoint({ connections, added, choices: createReadOnlyChoices(profiles), log })
  return {
    connections,
    endpoint,
    close() {
      unfollow()
      added.close()
      connections.close()
    },
  }
}

function openFirst(connections: Connections, first: FirstConnection, log: Log): () => void {
  if (first.type === 'kubeconfig') {
    const { kubeconfigPath, contexts, everyMs } = first
    return followKubeconfig({
      connections,
      kubeconfigPath,
      contexts,
      log,
      ...(everyMs === undefined ? {} : { everyMs }),
    })
  }
  const { type, displayName, server, connection } = first
  connections.set({ name: connection.name, displayName, type, server, connection })
  return () => undefined
}
