import type { Logger } from 'pino'
import type { Connection } from '@/server/cluster/connection'
import { askWhoami } from './describe-person'

export interface TokenReviewer {
  /** Who the token's bearer is, by the first cluster that knows it; undefined when none does. */
  review(token: string, cluster?: string): Promise<{ cluster: string; user: string; groups: string[] } | undefined>
}

const anonymous = 'system:anonymous'

/**
 * Asks the clusters, one after the other, who a token's bearer is, and stops at the first that knows: what comes after it
 * never sees the token.
 */
export function createTokenReviewer(connections: () => readonly Connection[], log: Logger): TokenReviewer {
  return {
    async review(token, cluster) {
      for (const connection of connections()) {
        if (cluster !== undefined && connection.name !== cluster) continue
        try {
          const { username: user, groups = [] } = await askWhoami(connection, { type: 'token', token })
          if (user !== anonymous) return { cluster: connection.name, user, groups }
        } catch (error) {
          // A cluster that is away, or does not know the token, has no say; the next one may.
          log.debug({ err: error, cluster: connection.name }, 'a cluster did not accept a token')
        }
      }
      return undefined
    },
  }
}
