import type { Identity } from '@/server/cluster/connection'

/** Who makes a call through the gateway, as the sign-in found out; the gateway parts trust nothing else. */
export interface Caller {
  /** For the audit log; `token` for a bearer token whose owner only the API server knows. */
  user: string
  identity: Identity
  requestId: string
  /** Aborts when the session ends: long-lived streams end with it. */
  ended: AbortSignal
  /** The person did something: the session's idle time starts anew. */
  touch(): void
}
