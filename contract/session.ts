import type { SignInSource } from './people'

/** What `GET /auth/session` tells the page about the signed-in person. */
export interface SessionInfo {
  user: string
  groups: string[]
  source: SignInSource
  /** May manage local users, connections and other people's sessions here; says nothing about clusters. */
  administrator: boolean
  /** Nothing but a new password is answered until there is one. */
  mustChangePassword: boolean
  /** Sent back as `x-chiave-csrf` with every call that changes something. */
  csrfToken: string
  clusters: { name: string; displayName: string }[]
  version: string
  /** RFC 3339 */
  expiresAt: string
}

export const csrfHeader = 'x-chiave-csrf'
