/** What `GET /auth/session` tells the page about the signed-in person. */
export interface SessionInfo {
  user: string
  groups: string[]
  /** Sent back as `x-chiave-csrf` with every call that changes something. */
  csrfToken: string
  clusters: { name: string; displayName: string }[]
  version: string
  /** RFC 3339 */
  expiresAt: string
}

export const csrfHeader = 'x-chiave-csrf'
