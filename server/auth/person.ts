import { createHash } from 'node:crypto'
import { z } from 'zod'

const names = { user: z.string().min(1), groups: z.array(z.string()) }

/** Someone as a way of signing in found out about them, as it is kept with a session or an API token. */
export const storedPerson = z.discriminatedUnion('source', [
  z.object({ source: z.literal('link'), ...names }),
  /** A local user; `uid` tells them from a later one of the same name. */
  z.object({ source: z.literal('password'), uid: z.string(), ...names }),
  /** `cluster` is the one that accepted the token. */
  z.object({ source: z.literal('token'), cluster: z.string(), ...names }),
  z.object({ source: z.literal('oidc'), provider: z.string(), subject: z.string(), ...names }),
  z.object({ source: z.literal('proxy'), ...names }),
])
export type StoredPerson = z.infer<typeof storedPerson>

/** A stored person as of now: what an administrator changed since is in it. */
export interface Person {
  stored: StoredPerson
  /** Over all sessions, and different for people of one name who come by different ways. */
  key: string
  user: string
  groups: readonly string[]
  administrator: boolean
  mustChangePassword: boolean
}

/** Names a person for records about them: 40 hex digits. */
export function personKeyOf(person: StoredPerson): string {
  return createHash('sha256')
    .update([person.source, ...realmOf(person)].join('\0'))
    .digest('hex')
    .slice(0, 40)
}

/** Who the name is one of. A local user's name may come again, their uid does not. */
function realmOf(person: StoredPerson): string[] {
  switch (person.source) {
    case 'link':
      // Whoever holds the host's link is the owner, under whatever name the cluster knows the console.
      return []
    case 'password':
      return [person.uid]
    case 'token':
      return [person.cluster, person.user]
    case 'oidc':
      return [person.provider, person.subject]
    case 'proxy':
      return [person.user]
  }
}
