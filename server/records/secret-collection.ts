import { createHash } from 'node:crypto'
import { type Secret, secretKind } from '@/contract/kinds/core'
import { type Informer, type InformerChange, startInformer } from '@/server/cluster/informer'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'
import { openRecord, sealRecord } from './record-cipher'
import type { RecordKeys } from './record-keys'
import { type RecordCollection, RecordConflict, type StoredRecord } from './record-store'

export interface SecretCollectionOptions {
  client: KubeClient
  namespace: string
  collection: string
  keys: RecordKeys
  log: Log
  signal: AbortSignal
}

/** What is known of one record: the Secret as it was read or written last, and what is in it when it can be opened. */
interface Entry {
  uid: string
  revision: string
  record: StoredRecord | undefined
}

const keyPattern = /^[a-z0-9][a-z0-9.-]{0,126}$/
/** Secrets hold 1 MiB, encoded; a record is a small document. */
const maxValueBytes = 512 * 1024

/** One collection as Secrets with a label of its own, read through a watch. Rejects when they cannot be listed. */
export async function openSecretCollection(options: SecretCollectionOptions): Promise<RecordCollection> {
  const labelSelector = Object.entries(labelsOf(options.collection))
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
  // An informer tries for ever; who opens a collection wants to know that it cannot be read.
  await options.client.list(secretKind, { namespace: options.namespace, labelSelector, limit: 1 })
  const informer = startInformer(secretKind, { ...options, labelSelector })
  await informer.synced
  return new SecretCollection(options, informer)
}

class SecretCollection implements RecordCollection {
  readonly #options: SecretCollectionOptions
  readonly #informer: Informer<Secret>
  /** By name of the Secret. */
  readonly #entries = new Map<string, Entry>()
  readonly #records = new Map<string, StoredRecord>()
  /** Objects that we have deleted ourselves: what the watch still tells of them is the past. */
  readonly #deleted = new Set<string>()
  readonly #listeners = new Set<(key: string) => void>()

  constructor(options: SecretCollectionOptions, informer: Informer<Secret>) {
    this.#options = options
    this.#informer = informer
    for (const secret of informer.list()) this.#accept(secret)
    informer.subscribe((change) => this.#follow(change))
    options.keys.onChange(() => this.#openAgain())
  }

  get(key: string): StoredRecord | undefined {
    return this.#records.get(key)
  }

  all(): readonly StoredRecord[] {
    return [...this.#records.values()]
  }

  async put(key: string, value: unknown, { revision }: { revision?: string | null } = {}): Promise<StoredRecord> {
    if (!keyPattern.test(key)) throw new Error(`"${key}" is no key of a record`)
    const secret = this.#seal(key, value)
    const written = await (revision === undefined
      ? this.#replace(secret)
      : this.#exchange(key, secret, revision)
    ).catch(conflictOf(key))
    this.#accept(written)
    const revisionNow = written.metadata.resourceVersion ?? ''
    return { key, value: JSON.parse(JSON.stringify(value)), revision: revisionNow }
  }

  async delete(key: string): Promise<void> {
    const { client, namespace } = this.#options
    const name = this.#nameOf(key)
    const known = this.#entries.get(name)
    await client.delete(secretKind, { namespace, name })
    if (known) {
      this.#deleted.add(known.uid)
      this.#forget(name, key)
    }
  }

  onChange(listener: (key: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Only on the revision that the caller has seen; with null only when there is none. */
  #exchange(key: string, secret: Secret, revision: string | null): Promise<Secret> {
    const { client } = this.#options
    const known = this.#entries.get(secret.metadata.name)
    // A Secret that cannot be opened is no record to anybody: its place is free, but it is still an object.
    const replaced = revision ?? (known?.record === undefined ? known?.revision : undefined)
    if (revision === null && known?.record !== undefined) return Promise.reject(new RecordConflict(key))
    if (replaced === undefined) return client.create(secretKind, secret)
    return client.update(secretKind, {
      ...secret,
      metadata: { ...secret.metadata, resourceVersion: replaced },
    })
  }

  /** Whatever is there: Secrets may be replaced without naming a version. Replicas that delete meanwhile cost a round. */
  async #replace(secret: Secret): Promise<Secret> {
    const { client } = this.#options
    let exists = this.#entries.has(secret.metadata.name)
    for (let round = 0; round < 5; round += 1) {
      try {
        return await (exists ? client.update(secretKind, secret) : client.create(secretKind, secret))
      } catch (error) {
        if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) throw error
        exists = error.code === 409
      }
    }
    throw new Error(`the record in ${secret.metadata.name} changes too fast to be written`)
  }

  #seal(key: string, value: unknown): Secret {
    const { collection, namespace, keys } = this.#options
    const plain = Buffer.from(JSON.stringify(value))
    if (plain.length > maxValueBytes) throw new Error(`the record ${key} is too large: ${plain.length} bytes`)
    const sealed = sealRecord(plain, keys.current(), boundTo(collection, key))
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: this.#nameOf(key), namespace, labels: labelsOf(collection) },
      type: 'chiave.io/record',
      data: { key: Buffer.from(key).toString('base64'), value: sealed.toString('base64') },
    }
  }

  /** Keys may hold what names of objects may not say to everyone who lists them. */
  #nameOf(key: string): string {
    const { collection } = this.#options
    return `chiave-${collection}-${createHash('sha256').update(boundTo(collection, key)).digest('hex').slice(0, 40)}`
  }

  #follow(change: InformerChange<Secret>): void {
    const { uid = '', name } = change.object.metadata
    if (change.type !== 'DELETED') {
      if (!this.#deleted.has(uid)) this.#accept(change.object)
      return
    }
    this.#deleted.delete(uid)
    const known = this.#entries.get(name)
    // Made anew by ourselves before the watch told of the old one's end.
    if (known?.uid === uid) this.#forget(name, keyOf(change.object))
  }

  /** Takes a version of a Secret for the present one, unless a later one is known. */
  #accept(secret: Secret): void {
    const { name, uid = '', resourceVersion: revision = '' } = secret.metadata
    const known = this.#entries.get(name)
    if (known && (known.revision === revision || isLater(known.revision, revision))) return
    const record = this.#open(secret)
    this.#entries.set(name, { uid, revision, record })
    const key = keyOf(secret)
    if (record) this.#records.set(key, record)
    else this.#records.delete(key)
    this.#tell(key)
  }

  #forget(name: string, key: string): void {
    this.#entries.delete(name)
    if (this.#records.delete(key)) this.#tell(key)
  }

  /** Values that came before their key, or whose key was replaced. */
  #openAgain(): void {
    for (const secret of this.#informer.list()) {
      const known = this.#entries.get(secret.metadata.name)
      if (!known || known.record) continue
      this.#entries.delete(secret.metadata.name)
      this.#accept(secret)
    }
  }

  #open(secret: Secret): StoredRecord | undefined {
    const { collection, keys, log } = this.#options
    const { name, resourceVersion = '' } = secret.metadata
    try {
      const key = keyOf(secret)
      // Someone who may write Secrets could put a sealed value under another key.
      if (name !== this.#nameOf(key)) throw new Error('the name is not that of its key')
      const sealed = Buffer.from(secret.data?.['value'] ?? '', 'base64')
      const value: unknown = JSON.parse(openRecord(sealed, keys.all(), boundTo(collection, key)).toString('utf8'))
      return { key, value, revision: resourceVersion }
    } catch (error) {
      log.warn({ err: error, secret: name }, 'a record cannot be opened and counts as absent')
      return undefined
    }
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener(key)
  }
}

const labelsOf = (collection: string) => ({
  'app.kubernetes.io/managed-by': 'chiave',
  'chiave.io/collection': collection,
})

const boundTo = (collection: string, key: string) => `${collection}/${key}`

const keyOf = (secret: Secret) => Buffer.from(secret.data?.['key'] ?? '', 'base64').toString('utf8')

/** Another replica wrote or removed the Secret since. */
function conflictOf(key: string) {
  return (error: unknown): never => {
    if (error instanceof ApiError && (error.code === 409 || error.code === 404)) throw new RecordConflict(key)
    throw error
  }
}

/**
 * Whether one version of a Secret came after another. API servers number their versions upwards, and clients may rely on
 * it (KEP-5504); one that does not is believed to tell the newest last, as the watch does.
 */
function isLater(one: string, other: string): boolean {
  if (!/^\d+$/.test(one) || !/^\d+$/.test(other)) return false
  return BigInt(one) > BigInt(other)
}
