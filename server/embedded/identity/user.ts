/** Who makes a request. */
export interface User {
  name: string
  groups: readonly string[]
  uid?: string
  extra?: Record<string, string[]>
}

/** A user who signs in with a bearer token, of which only the hash is known. */
export interface StaticUser {
  name: string
  groups: readonly string[]
  /** hex */
  tokenSha256: string
  /** May send `Impersonate-User` and `Impersonate-Group`. */
  mayImpersonate?: boolean
}
