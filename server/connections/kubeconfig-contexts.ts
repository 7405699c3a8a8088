import { unwatchFile, watchFile } from 'node:fs'
import { createKubeconfigConnection, KubeconfigError, readContexts } from '@/server/cluster/kubeconfig'
import type { Log } from '@/server/cluster/log'
import type { Connections } from './connections'
import { nameContexts } from './context-names'

export interface KubeconfigContextsOptions {
  connections: Connections
  kubeconfigPath: string
  /** Only these; left out: all of the file, the current one first. */
  contexts?: readonly string[] | undefined
  log: Log
  /** How often the file is looked at; default 2 s. A kubeconfig is replaced as often as it is rewritten. */
  everyMs?: number
}

/** The address of the only connection there is: short, and the same whatever the context is called. */
const onlyName = 'cluster'

/**
 * Keeps one connection for each context of a kubeconfig; the file is followed: contexts come, go and change. Throws
 * KubeconfigError when none of them can be used at the start. Returns what ends it.
 */
export function followKubeconfig(options: KubeconfigContextsOptions): () => void {
  const { connections, kubeconfigPath, log, everyMs = 2_000 } = options
  /** By context: the connection it has, and what it was made of. */
  const known = new Map<string, { name: string; fingerprint: string }>()
  /** Whoever began alone keeps the short address when others come. */
  let only: string | undefined

  function namesFor(contexts: readonly string[], first: boolean): Map<string, string> {
    if (first && contexts.length === 1) only = contexts[0]
    const taken = new Set(connections.list().flatMap(({ name, removable }) => (removable ? [name] : [])))
    if (only !== undefined) taken.add(onlyName)
    const names = nameContexts(contexts, taken)
    if (only !== undefined && names.has(only)) names.set(only, onlyName)
    return names
  }

  function sync(first: boolean): void {
    const wanted = selectContexts(readContexts(kubeconfigPath), options, first)
    const contexts = wanted.map(({ name }) => name)
    const names = namesFor(contexts, first)
    let failure: KubeconfigError | undefined
    for (const { name: context, fingerprint } of wanted) {
      const name = known.get(context)?.name ?? names.get(context) ?? context
      if (known.get(context)?.fingerprint === fingerprint) continue
      try {
        connect(context, name)
        known.set(context, { name, fingerprint })
      } catch (error) {
        if (!(error instanceof KubeconfigError)) throw error
        failure ??= error
        log.warn({ context, reason: error.message }, 'a context of the kubeconfig cannot be used')
      }
    }
    if (first && known.size === 0) throw failure ?? new KubeconfigError(`${kubeconfigPath} has no context.`)
    for (const [context, { name }] of known) {
      if (contexts.includes(context)) continue
      known.delete(context)
      connections.remove(name)
      log.info({ context }, 'a context has left the kubeconfig')
    }
  }

  function connect(context: string, name: string): void {
    const connection = createKubeconfigConnection({ name, kubeconfigPath, context })
    connections.set({
      name,
      displayName: context,
      type: 'kubeconfig',
      server: new URL(connection.server).host,
      user: connection.user,
      context,
      namespace: connection.namespace,
      connection,
      credentialsExpireAt: connection.credentialsExpireAt,
    })
  }

  function reread(): void {
    try {
      sync(false)
    } catch (error) {
      // Someone may be writing it this moment; what it said before stays until it can be read again.
      if (!(error instanceof KubeconfigError)) throw error
      log.warn({ reason: error.message }, 'the kubeconfig has changed and cannot be read')
    }
  }

  sync(true)
  watchFile(kubeconfigPath, { interval: everyMs, persistent: false }, reread)
  return () => unwatchFile(kubeconfigPath, reread)
}

function selectContexts<T extends { name: string }>(
  found: readonly T[],
  { contexts, kubeconfigPath }: KubeconfigContextsOptions,
  strict: boolean,
): T[] {
  if (!contexts) return [...found]
  const absent = contexts.filter((wanted) => !found.some(({ name }) => name === wanted))
  if (strict && absent.length > 0) {
    const names = found.map(({ name }) => name).join(', ') || 'none'
    throw new KubeconfigError(`${kubeconfigPath} has no context "${absent.join('", "')}" (it has: ${names}).`)
  }
  return contexts.flatMap((wanted) => found.find(({ name }) => name === wanted) ?? [])
}
