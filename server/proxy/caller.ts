import type { KubeStatus } from '@/contract/kube-object'
import type { SignInSource } from '@/contract/people'
import type { Identity } from '@/server/cluster/connection'

/** Who makes a call through the gateway, as the sign-in found out; the gateway parts trust nothing else. */
export interface Caller {
  /** For the audit log; `token` for a bearer token whose owner only the API server knows. */
  user: string
  groups: readonly string[]
  /** How the person signed in; `api-token` for a personal token of the console, `bearer` for a cluster's own. */
  source: SignInSource | 'api-token' | 'bearer'
  /** Names the person over all their sessions, for records about them; undefined for a cluster's bearer token. */
  personKey: string | undefined
  /** Names the session without opening it; undefined for tokens. */
  sessionId: string | undefined
  /** May administer the console; says nothing about clusters. */
  administrator: boolean
  /** The peer's address. */
  address: string
  /** With whose rights the person's calls reach a cluster, or why they do not. */
  identityFor(cluster: string): Identity | KubeStatus
  requestId: string
  /** Aborts when the session ends: long-lived streams end with it. */
  ended: AbortSignal
  /** The person did something: the session's idle time starts anew. */
  touch(): void
}
