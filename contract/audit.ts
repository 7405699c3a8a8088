/** The console's record of who did what: `GET /audit`, `GET /audit/export`. */

/** A Kubernetes object or collection, as a path of the API names it. */
export interface AuditObject {
  /** Empty for the core group. */
  group: string
  /** Plural, lower case. */
  resource: string
  namespace?: string
  /** Left out for a collection. */
  name?: string
  subresource?: string
}

/** One place in an object that is different afterwards. A path has the names of named list entries, else their index. */
export interface AuditChange {
  op: 'add' | 'remove' | 'replace'
  /** Slashes and tildes in parts are escaped as in RFC 6901. */
  path: string
  /** What must not be told, or is too long, is a text in brackets that says so. */
  before?: unknown
  after?: unknown
}

/** `call`: one change; `stream`: the beginning or the end of a console, exec, port-forward; the rest: of the console itself. */
export type AuditType = 'call' | 'stream' | 'sign-in' | 'sign-out' | 'account'
export const auditTypes: readonly AuditType[] = ['call', 'stream', 'sign-in', 'sign-out', 'account']

/** `refused` by a rule or for what was asked; `failed` for reasons of the server's, or without an answer. */
export type AuditOutcome = 'success' | 'refused' | 'failed'
export const auditOutcomes: readonly AuditOutcome[] = ['success', 'refused', 'failed']

export interface AuditEntry {
  id: string
  /** RFC 3339, milliseconds. */
  time: string
  type: AuditType
  /** The person's name; `token` for a cluster's bearer token, whose owner only the cluster knows. */
  person: string
  /** Tells people of the same name apart; only for themselves and administrators. */
  personKey?: string
  /** How the person signed in. */
  source?: string
  /** Names the session; only for its person and administrators. */
  session?: string
  /** The peer's address; only for the person and administrators. */
  address?: string
  cluster?: string
  /** create, update, patch, delete, deletecollection, connect; for the console's own: what was done. */
  verb: string
  object?: AuditObject
  /** Of a call that is about no object. */
  path?: string
  outcome: AuditOutcome
  /** HTTP status; 101 for a stream, 0 when there was no answer. */
  status: number
  /** The refusal in the server's own words, or what else there is to say. */
  message?: string
  requestId?: string
  /** In the cluster's own audit log. */
  auditId?: string
  /** Of streams. */
  phase?: 'start' | 'end'
  durationMs?: number
  changes?: AuditChange[]
  /** More has changed than is kept. */
  changesCut?: boolean
}

/** One answer of `GET /audit`, newest first. */
export interface AuditPage {
  items: AuditEntry[]
  /** Asks for what is older. Present although `items` is short: the search paused; go on to search further back. */
  cursor?: string
}

/** What `GET /audit` and `GET /audit/export` may be asked for; everything given must hold. */
export interface AuditQuery {
  cluster?: string
  /** RFC 3339, inclusive. */
  from?: string
  to?: string
  person?: string
  verb?: string
  type?: AuditType
  outcome?: AuditOutcome
  group?: string
  /** Any of them. */
  resources?: readonly string[]
  namespace?: string
  name?: string
  /** Somewhere in person, object, message or ids, whatever the case. */
  text?: string
}

/** The query of the address, without a question mark. */
export function auditSearch(query: AuditQuery, more: Readonly<Record<string, string>> = {}): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    // Every field but `resources` is a string.
    if (name === 'resources') for (const resource of query.resources ?? []) search.append('resource', resource)
    else if (typeof value === 'string' && value !== '') search.set(name, value)
  }
  for (const [name, value] of Object.entries(more)) search.set(name, value)
  return search
}
