import path from 'node:path'
import type { Logger } from 'pino'
import { createKubeClient } from '../cluster/client/kube-client'
import { createInClusterConnection } from '../cluster/in-cluster'
import type { ReadinessCheck } from '../http/health'
import { createFileRecordStore } from '../records/file-record-store'
import type { RecordStore } from '../records/record-store'
import { openSecretRecordStore } from '../records/secret-record-store'
import type { ConsoleConfig } from '../supervisor/process-config'

export interface OpenedRecords {
  records: RecordStore
  /** What of the records the console's readiness depends on. */
  readiness: Readonly<Record<string, ReadinessCheck>>
  close(): Promise<void>
}

/**
 * Where this console keeps its records: in Secrets when it is deployed in a cluster, otherwise in files of its own. Rejects
 * with NotInCluster or an ApiError when its service account is missing or may not.
 */
export async function openRecords(config: ConsoleConfig, log: Logger): Promise<OpenedRecords> {
  const { connection, stateDirectory } = config
  if (connection.type !== 'in-cluster') {
    const records = createFileRecordStore({ directory: path.join(stateDirectory, 'records'), log })
    return { records, readiness: {}, close: () => records.close() }
  }
  const { name, directory, environment } = connection
  const inside = createInClusterConnection({ name, directory, environment })
  const client = createKubeClient(inside, {
    identity: { type: 'self' },
    userAgent: 'chiave-console',
    timeoutMs: 10_000,
  })
  const namespace = config.namespace ?? inside.namespace
  const records = await openSecretRecordStore({ client, namespace, log })
  return {
    records,
    readiness: { records: () => records.check() },
    close: async () => {
      await records.close()
      inside.close()
    },
  }
}
