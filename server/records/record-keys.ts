import { randomBytes } from 'node:crypto'
import { type Secret, secretKind } from '@/contract/kinds/core'
import { type Informer, startInformer } from '@/server/cluster/informer'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import type { RecordKey } from './record-cipher'

export const recordKeysName = 'chiave-record-keys'

export interface RecordKeysOptions {
  client: KubeClient
  namespace: string
  log: Log
  signal: AbortSignal
}

/**
 * The keys that records are sealed with: a Secret of entries `key-1`, `key-2`, …, each 32 bytes. The highest one seals,
 * all of them open, so that a key is replaced by adding the next one and removing the old one later.
 */
export interface RecordKeys {
  /** The key to seal with. Throws when the Secret has none. */
  current(): RecordKey
  all(): ReadonlyMap<number, Buffer>
  onChange(listener: () => void): void
}

/** Reads the keys, and makes the first one when there is none yet; of several replicas that try, one succeeds. */
export async function openRecordKeys(options: RecordKeysOptions): Promise<RecordKeys> {
  const { client, namespace } = options
  const found = await client.find(secretKind, { namespace, name: recordKeysName })
  if (!found) await createKeys(client, namespace)
  const informer = startInformer(secretKind, { ...options, fieldSelector: `metadata.name=${recordKeysName}` })
  await informer.synced
  let keys = readKeys(informer, namespace)
  const listeners = new Set<() => void>()
  informer.subscribe(() => {
    // Removed by mistake: what is in memory goes on opening records until someone puts the Secret back.
    const read = readKeys(informer, namespace)
    if (read.size === 0) return options.log.error({ secret: recordKeysName }, 'the keys of the records are gone')
    keys = read
    for (const listener of listeners) listener()
  })
  return {
    current() {
      const id = Math.max(0, ...keys.keys())
      const key = keys.get(id)
      if (!key) throw new Error(`the Secret ${recordKeysName} holds no key`)
      return { id, key }
    },
    all: () => keys,
    onChange: (listener) => void listeners.add(listener),
  }
}

async function createKeys(client: KubeClient, namespace: string): Promise<void> {
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: recordKeysName, namespace, labels: { 'app.kubernetes.io/managed-by': 'chiave' } },
    type: 'Opaque',
    data: { 'key-1': randomBytes(32).toString('base64') },
  }
  try {
    await client.create(secretKind, secret)
  } catch (error) {
    // Another replica was faster; its key is the one.
    if (!(error instanceof ApiError && error.code === 409)) throw error
  }
}

function readKeys(informer: Informer<Secret>, namespace: string): ReadonlyMap<number, Buffer> {
  const data = informer.get({ namespace, name: recordKeysName })?.data ?? {}
  const keys = new Map<number, Buffer>()
  for (const [name, encoded] of Object.entries(data)) {
    const id = Number(/^key-([1-9]\d{0,2})$/.exec(name)?.[1])
    const key = Buffer.from(encoded, 'base64')
    if (id <= 255 && key.length === 32) keys.set(id, key)
  }
  return keys
}
