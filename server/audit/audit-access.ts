import { text } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { AuditEntry, AuditObject } from '@/contract/audit'
import type { ConnectionDirectory } from '@/server/cluster/connection'
import type { Caller } from '@/server/proxy/caller'

export interface AuditAccessOptions {
  connections: ConnectionDirectory
  log: Logger
}

export interface AuditAccess {
  /** Which entries a caller may see, and as much of them as they may. One search asks one reader. */
  readerFor(caller: Caller, signal?: AbortSignal): AuditReader
}

export interface AuditReader {
  mayRead(entry: AuditEntry): Promise<boolean>
  /** The entry without what is between its person and the administrators. */
  shown(entry: AuditEntry): AuditEntry
}

const review = z.object({ status: z.object({ allowed: z.boolean() }) })
const withinMs = 5_000
/** Different kinds and namespaces that one search asks the clusters about. */
const maxReviews = 200
/** At most this long a permission that was taken away still shows old entries. */
const rememberMs = 30_000
const maxRemembered = 2_000

/**
 * Administrators of the console read everything; others read their own entries, and those about kinds of objects that
 * they may `get` in the entry's namespace, which the cluster is asked with their identity.
 */
export function createAuditAccess({ connections, log }: AuditAccessOptions): AuditAccess {
  const remembered = new Map<string, { allowed: boolean; until: number }>()

  async function ask(
    caller: Caller,
    cluster: string,
    { group, resource, namespace }: AuditObject,
    signal?: AbortSignal,
  ) {
    const connection = connections.get(cluster)
    const identity = caller.identityFor(cluster)
    if (!connection || 'kind' in identity) return false
    const resourceAttributes = { verb: 'get', group, resource, ...(namespace === undefined ? {} : { namespace }) }
    try {
      const deadline = AbortSignal.timeout(withinMs)
      const answer = await connection.request({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        }),
        identity,
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      })
      return review.parse(JSON.parse(await text(answer))).status.allowed
    } catch (error) {
      // Who cannot be asked about may read nothing of it.
      log.debug({ err: error, cluster, requestId: caller.requestId }, 'a permission to read entries is not known')
      return false
    }
  }

  function remember(key: string, allowed: boolean): void {
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(key, { allowed, until: Date.now() + rememberMs })
  }

  return {
    readerFor(caller, signal) {
      const asked = new Map<string, Promise<boolean>>()
      const isOwn = ({ personKey }: AuditEntry) => personKey !== undefined && personKey === caller.personKey

      async function mayGet(cluster: string, object: AuditObject): Promise<boolean> {
        const { group, resource, namespace = '' } = object
        const question = [cluster, group, resource, namespace].join('\n')
        const key = caller.personKey === undefined ? undefined : `${caller.personKey}\n${question}`
        const known = key === undefined ? undefined : remembered.get(key)
        if (known && known.until > Date.now()) return known.allowed
        let answer = asked.get(question)
        if (!answer) {
          if (asked.size >= maxReviews) return false
          answer = ask(caller, cluster, object, signal)
          asked.set(question, answer)
        }
        const allowed = await answer
        if (key !== undefined) remember(key, allowed)
        return allowed
      }

      return {
        async mayRead(entry) {
          if (caller.administrator || isOwn(entry)) return true
          const { cluster, object } = entry
          return cluster !== undefined && object !== undefined && mayGet(cluster, object)
        },
        shown(entry) {
          if (caller.administrator || isOwn(entry)) return entry
          const { personKey: _personKey, session: _session, address: _address, ...rest } = entry
          return rest
        },
      }
    },
  }
}
