import { setMaxListeners } from 'node:events'
import { secretKind } from '@/contract/kinds/core'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import { openRecordKeys } from './record-keys'
import type { RecordCollection, RecordStore } from './record-store'
import { openSecretCollection } from './secret-collection'

export interface SecretRecordStoreOptions {
  /** As the console's own service account. */
  client: KubeClient
  /** The console's own; it needs get, list, watch, create, update and delete of Secrets there. */
  namespace: string
  log: Log
}

/** Part of names of Secrets and of their labels. */
const collectionPattern = /^[a-z][a-z0-9-]{0,40}$/

/**
 * Records as Secrets of the cluster that the console is deployed in, one each, sealed with keys from a Secret of their
 * own. Replicas see each other's writes through a watch. Rejects when the Secrets cannot be read or the keys not made.
 */
export async function openSecretRecordStore(options: SecretRecordStoreOptions): Promise<SecretRecordStore> {
  const stopped = new AbortController()
  // Every collection's informer listens for the end.
  setMaxListeners(0, stopped.signal)
  const { client, namespace } = options
  const { signal } = stopped
  const collections = new Map<string, Promise<RecordCollection>>()
  try {
    const keys = await openRecordKeys({ ...options, signal })
    return {
      async open(collection) {
        if (!collectionPattern.test(collection)) throw new Error(`"${collection}" is no name of a collection`)
        const opened = collections.get(collection) ?? openSecretCollection({ ...options, collection, keys, signal })
        collections.set(collection, opened)
        opened.catch(() => collections.delete(collection))
        return opened
      },
      check: async () => {
        await client.list(secretKind, { namespace, limit: 1, labelSelector: 'chiave.io/collection=readiness' })
      },
      close: async () => stopped.abort(),
    }
  } catch (error) {
    stopped.abort()
    throw error
  }
}

export interface SecretRecordStore extends RecordStore {
  /** Resolves when the Secrets can be read right now; rejects with the reason. */
  check(): Promise<void>
}
