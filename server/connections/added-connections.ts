import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { AddConnection, ConnectionTest } from '@/contract/connections'
import { createKubeconfigConnection, type KubeconfigConnection, KubeconfigError } from '@/server/cluster/kubeconfig'
import type { Log } from '@/server/cluster/log'
import type { RecordCollection, StoredRecord } from '@/server/records/record-store'
import type { Connections } from './connections'
import { nameContexts, slugOf } from './context-names'
import { createHealth } from './health'
import { type CheckedKubeconfig, checkKubeconfig, KubeconfigRefused } from './kubeconfig-check'

const recordSchema = z.object({
  version: z.literal(1),
  displayName: z.string(),
  createdBy: z.string(),
  /** RFC 3339 */
  createdAt: z.string(),
  /** As `checkKubeconfig` made it: one context. */
  kubeconfig: z.string(),
})
type AddedRecord = z.infer<typeof recordSchema>

export interface AddedConnectionsOptions {
  connections: Connections
  /** The collection `connections`: holds credentials, readable by the console alone. */
  records: RecordCollection
  log: Log
}

/** Connections that people add in the console, kept as records. */
export interface AddedConnections {
  /** Tries a kubeconfig; nothing is kept. Throws KubeconfigRefused. */
  test(request: AddConnection): Promise<ConnectionTest>
  /** Resolves with the new connection's name once it is durable. Throws KubeconfigRefused. */
  add(request: AddConnection, createdBy: string): Promise<string>
  /** False when there is none of that name. */
  rename(name: string, displayName: string): Promise<boolean>
  remove(name: string): Promise<boolean>
  close(): void
}

const most = 50
const tryWithinMs = 10_000

/** Opens what was kept, and follows what other replicas of the console add. */
export function createAddedConnections({ connections, records, log }: AddedConnectionsOptions): AddedConnections {
  const revisions = new Map<string, { revision: string; kubeconfig: string }>()

  function sync(): void {
    const all = records.all()
    for (const record of all) open(record)
    for (const name of revisions.keys()) {
      if (all.some(({ key }) => key === name)) continue
      revisions.delete(name)
      connections.remove(name)
    }
  }

  function open(record: StoredRecord): void {
    const known = revisions.get(record.key)
    if (known?.revision === record.revision) return
    const read = recordSchema.safeParse(record.value)
    if (!read.success) return log.warn({ name: record.key }, 'a kept connection cannot be read')
    const { displayName, kubeconfig } = read.data
    revisions.set(record.key, { revision: record.revision, kubeconfig })
    if (known?.kubeconfig === kubeconfig) return connections.rename(record.key, displayName)
    try {
      // Checked again: the rules may have become stricter since it was kept.
      const checked = checkKubeconfig(kubeconfig, undefined)
      const connection = connect(record.key, checked)
      connections.set({
        name: record.key,
        displayName,
        type: 'kubeconfig',
        removable: true,
        server: checked.server,
        user: checked.user,
        context: checked.context,
        namespace: connection.namespace,
        connection,
        credentialsExpireAt: connection.credentialsExpireAt,
      })
    } catch (error) {
      if (!(error instanceof KubeconfigError || error instanceof KubeconfigRefused)) throw error
      log.warn({ name: record.key, reason: error.message }, 'a kept connection cannot be used')
    }
  }

  async function add(request: AddConnection, createdBy: string): Promise<string> {
    if (records.all().length >= most) throw new KubeconfigRefused(`A console keeps ${most} connections.`)
    const checked = checkKubeconfig(request.kubeconfig, request.context)
    const displayName = request.displayName?.trim() || checked.context
    const name = freeName(displayName)
    // Made before it is kept: what cannot be used at all is told to whoever adds it.
    connect(name, checked).close()
    const value: AddedRecord = {
      version: 1,
      displayName,
      createdBy,
      createdAt: new Date().toISOString(),
      kubeconfig: checked.text,
    }
    await records.put(name, value, { revision: null })
    sync()
    return name
  }

  function freeName(displayName: string): string {
    const taken = new Set([...connections.list().map(({ name }) => name), ...records.all().map(({ key }) => key)])
    let name = nameContexts([slugOf(displayName)], taken).get(slugOf(displayName)) ?? 'cluster'
    for (let number = 2; taken.has(name); number += 1) name = `${slugOf(displayName).slice(0, 56)}-${number}`
    return name
  }

  async function rename(name: string, displayName: string): Promise<boolean> {
    const record = records.get(name)
    const read = recordSchema.safeParse(record?.value)
    if (!record || !read.success) return false
    await records.put(name, { ...read.data, displayName }, { revision: record.revision })
    sync()
    return true
  }

  async function remove(name: string): Promise<boolean> {
    if (!records.get(name)) return false
    await records.delete(name)
    sync()
    return true
  }

  sync()
  const stop = records.onChange(sync)
  return { test: testKubeconfig, add, rename, remove, close: stop }
}

function connect(name: string, { text: kubeconfigText }: CheckedKubeconfig): KubeconfigConnection {
  try {
    return createKubeconfigConnection({ name, kubeconfigText, refuseLinkLocal: true })
  } catch (error) {
    if (error instanceof KubeconfigError) throw new KubeconfigRefused(error.message, { cause: error })
    throw error
  }
}

async function testKubeconfig(request: AddConnection): Promise<ConnectionTest> {
  const checked = checkKubeconfig(request.kubeconfig, request.context)
  const connection = connect(checked.context, checked)
  const health = createHealth({
    connection,
    credentialsExpireAt: connection.credentialsExpireAt,
    answerWithinMs: tryWithinMs,
  })
  try {
    const found = await health.check()
    const version = health.version()
    const identity = found.state === 'connected' || found.state === 'slow' ? await whoAmI(connection) : undefined
    const { contexts, context, server, user, warnings } = checked
    return {
      contexts,
      context,
      server,
      user,
      warnings,
      health: found,
      ...(version === undefined ? {} : { version }),
      ...(identity ? { identity } : {}),
    }
  } finally {
    health.stop()
    connection.close()
  }
}

const review = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), groups: z.array(z.string()).default([]) }) }),
})

/** The API server's own word on who this is; older ones do not say. */
async function whoAmI(connection: KubeconfigConnection): Promise<ConnectionTest['identity']> {
  const answer = await connection.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    identity: { type: 'self' },
    signal: AbortSignal.timeout(tryWithinMs),
  })
  const body = await text(answer)
  if (answer.statusCode !== 200 && answer.statusCode !== 201) return undefined
  const { username, groups } = review.parse(JSON.parse(body)).status.userInfo
  return { user: username, groups }
}
