import { text } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Connection, Identity } from '@/server/cluster/connection'
import type { StoredPerson } from './person'

const userInfo = z.object({ username: z.string().min(1), groups: z.array(z.string()).optional() })
const review = z.object({ status: z.object({ userInfo }) })

const answerWithinMs = 5_000

/**
 * Who an identity is in its cluster's words, by a SelfSubjectReview (authentication.k8s.io/v1). Rejects when the cluster
 * does not say, for whatever reason.
 */
export async function askWhoami(connection: Connection, identity: Identity): Promise<z.infer<typeof userInfo>> {
  const answer = await connection.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    identity,
    signal: AbortSignal.timeout(answerWithinMs),
  })
  if (answer.statusCode !== 201 && answer.statusCode !== 200) {
    answer.resume()
    throw new Error(`the cluster answered ${answer.statusCode}`)
  }
  return review.parse(JSON.parse(await text(answer))).status.userInfo
}

/**
 * Who comes by a one-time link, for people: a person is known by name; of a connection's own identity only the API server
 * knows. Where it does not say, the connection's name stands in.
 */
export async function describeOwner(
  identity: Identity,
  connection: Connection | undefined,
  log: Logger,
): Promise<StoredPerson> {
  if (identity.type === 'person') return { source: 'link', user: identity.user, groups: [...identity.groups] }
  const standIn: StoredPerson = { source: 'link', user: connection?.name ?? 'unknown', groups: [] }
  if (!connection) return standIn
  try {
    const { username: user, groups = [] } = await askWhoami(connection, identity)
    return { source: 'link', user, groups }
  } catch (error) {
    // Older clusters lack the review and the cluster may be away; signing in must not depend on a name.
    log.debug({ err: error, cluster: connection.name }, 'the cluster does not say who its own identity is')
    return standIn
  }
}
