import type { KubeObject, KubeStatus } from '@/contract/kube-object'
import type { LiveMessage } from '@/contract/live'

/** What a subscription knows: the objects as of the last message, and how far they can be trusted. */
export interface LiveState {
  items: readonly KubeObject[]
  /** A snapshot has arrived since the subscription began. */
  loaded: boolean
  /** The source is away: the items may be old. */
  stale: boolean
  error?: KubeStatus
}

export const emptyLiveState: LiveState = { items: [], loaded: false, stale: false }

/**
 * Applies messages in the order they came and returns a new state, or the same one when nothing changed. Objects are
 * told apart by namespace and name: a successor with a new uid takes its predecessor's place. resourceVersion is opaque
 * and plays no part; the server keeps the order.
 */
export function applyLiveMessages(state: LiveState, messages: readonly LiveMessage[]): LiveState {
  let next = state
  let working: Map<string, KubeObject> | undefined
  for (const message of messages) {
    switch (message.type) {
      case 'snapshot':
        working = new Map(message.items.map((item) => [keyOf(item), item]))
        next = { items: next.items, loaded: true, stale: false }
        break
      case 'events':
        working ??= new Map(next.items.map((item) => [keyOf(item), item]))
        for (const event of message.events) {
          if (event.type === 'ADDED' || event.type === 'MODIFIED') working.set(keyOf(event.object), event.object)
          else if (event.type === 'DELETED') working.delete(keyOf(event.object))
          // An ERROR ends the server's watch: what we have is old until the snapshot that follows.
          else if (event.type === 'ERROR') next = { ...next, stale: true }
        }
        break
      case 'stale':
        next = next.stale ? next : { ...next, stale: true }
        break
      case 'error':
        next = { ...next, stale: next.loaded, error: message.status }
        break
    }
  }
  return working === undefined ? next : { ...next, items: [...working.values()] }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}
