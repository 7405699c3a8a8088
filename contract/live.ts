import type { KubeObject, KubeStatus, WatchEvent } from './kube-object'

/**
 * The protocol of `/live`: one WebSocket per browser tab, JSON text frames, many subscriptions. A subscription is a list
 * followed by a watch with the person's own identity; after any break the server lists again and sends a new snapshot.
 */

export interface LiveQuery {
  cluster: string
  group: string
  version: string
  plural: string
  namespace?: string
  /** One object only. */
  name?: string
  labelSelector?: string
  fieldSelector?: string
}

export type LiveRequest = { op: 'subscribe'; id: number; query: LiveQuery } | { op: 'unsubscribe'; id: number }

export type LiveMessage =
  /** Everything there is now; replaces what the subscriber had. */
  | { id: number; type: 'snapshot'; items: KubeObject[] }
  | { id: number; type: 'events'; events: WatchEvent[] }
  /** The upstream is away: what the subscriber has is old. A snapshot follows when it is back. */
  | { id: number; type: 'stale'; message: string }
  /** The API refused (403, 404 of the kind …). Retried by the server when `retrying`. */
  | { id: number; type: 'error'; status: KubeStatus; retrying: boolean }
