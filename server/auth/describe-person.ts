import { text } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Connection, Identity } from '@/server/cluster/connection'
import type { SignedInPerson } from './session-store'

const review = z.object({
  status: z.object({
    userInfo: z.object({ username: z.string().min(1), groups: z.array(z.string()).optional() }),
  }),
})

const answerWithinMs = 5_000

/**
 * Who an identity is, for people: a person is known by name; of a connection's own identity or a token only the API
 * server knows, by a SelfSubjectReview (authentication.k8s.io/v1). Where it does not say, the connection's name stands in.
 */
export async function describePerson(
  identity: Identity,
  connection: Connection | undefined,
  log: Logger,
): Promise<SignedInPerson> {
  if (identity.type === 'person') return { user: identity.user, groups: identity.groups, identity }
  const standIn = { user: connection?.name ?? 'unknown', groups: [], identity }
  if (!connection) return standIn
  try {
    const answer = await connection.request({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      identity,
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const { username, groups = [] } = review.parse(JSON.parse(await text(answer))).status.userInfo
    return { user: username, groups, identity }
  } catch (error) {
    // Older clusters lack the review and the cluster may be away; signing in must not depend on a name.
    log.debug({ err: error, cluster: connection.name }, 'the cluster does not say who its own identity is')
    return standIn
  }
}
