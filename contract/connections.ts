/**
 * The wire form of `/connections`: which clusters this console reaches, how each one does, and the read-only switch.
 *
 * - `GET /connections` → ConnectionList
 * - `POST /connections` AddConnection → 201 ConnectionInfo, with `test` → 200 ConnectionTest; administrators alone
 * - `PATCH /connections/<name>` {displayName} → ConnectionInfo; `DELETE /connections/<name>` → 204; administrators alone
 * - `PUT /connections/<name>/read-only` {readOnly} → ConnectionInfo: the person's own switch
 *
 * Refusals are Kubernetes Status objects; what changes something carries `x-chiave-csrf`.
 */

/**
 * `connecting`: not asked yet, or asked for the first time. `slow`: it answers, but after more than a second. `refusing`:
 * something answers, but not as it should (401, 403, 429, 5xx, no Kubernetes API).
 */
export type HealthState = 'connecting' | 'connected' | 'slow' | 'unreachable' | 'refusing'

export interface ConnectionHealth {
  state: HealthState
  /** RFC 3339: since when it is so. */
  since: string
  /** RFC 3339: when it was asked last; absent before the first answer. */
  checkedAt?: string
  /** Milliseconds of the last answer. */
  latencyMs?: number
  /** Why it is not connected, in a sentence for people; names no address, token or path. */
  message?: string
  /** The HTTP status that it refuses with. */
  code?: number
  /** RFC 3339: when the connection's own credentials end, where they tell. */
  credentialsExpireAt?: string
}

export interface ConnectionInfo {
  /** The `<cluster>` of addresses. */
  name: string
  displayName: string
  /** `embedded`: this instance's own cluster; `in-cluster`: the one the console is deployed in. */
  type: 'embedded' | 'kubeconfig' | 'in-cluster'
  /** Added by people in the console: can be renamed and removed there. */
  removable: boolean
  /** Host and port of the API server; absent for the embedded one's socket. */
  server?: string
  /** The name of the kubeconfig's user entry: for people, not an identity. */
  user?: string
  /** The kubeconfig's context. */
  context?: string
  /** The context's namespace: the one to begin with for who may see no list of them. */
  namespace?: string
  /** The API server's `gitVersion`. */
  version?: string
  health: ConnectionHealth
  /** Whether the asking person's calls may change nothing there. */
  readOnly: boolean
  /** Whether it is so for people who have not decided yet. */
  readOnlyByDefault: boolean
  /** The asking person has turned the switch at least once. */
  decided: boolean
}

export interface ConnectionList {
  connections: ConnectionInfo[]
  /** Whether the asking person may add, rename and remove connections. */
  mayManage: boolean
}

export interface AddConnection {
  /** The text of a kubeconfig, self-contained. */
  kubeconfig: string
  /** Left out: the file's current context, or its only one. */
  context?: string
  /** Left out: the context's name. */
  displayName?: string
  /** Only try it; nothing is kept. */
  test?: boolean
}

/** What is found out about a kubeconfig before it is kept. */
export interface ConnectionTest {
  contexts: string[]
  /** The context that was tried. */
  context: string
  server: string
  user: string
  /** Worth knowing, nothing that forbids it. */
  warnings: ('insecureTls' | 'plainHttp' | 'proxied')[]
  health: ConnectionHealth
  /** The API server's `gitVersion`. */
  version?: string
  /** Who the API server says this is. */
  identity?: { user: string; groups: string[] }
}

/** The most that a kubeconfig may hold, in bytes. */
export const maxKubeconfigBytes = 256 * 1024

/** Whether pages of a cluster in this state can show anything new. */
export function isAnswering({ state }: ConnectionHealth): boolean {
  return state === 'connected' || state === 'slow'
}
