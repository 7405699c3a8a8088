import type { LiveQuery } from '@/contract/live'
import { liveKey } from './live-socket'

/** Key of a live subscription in the query cache. */
export function liveQueryKey(query: LiveQuery): readonly ['live', string] {
  return ['live', liveKey(query)]
}

/** Key of a call to a cluster's API: always the call and everything it depends on. */
export function callQueryKey(cluster: string, call: string, parameters: unknown): readonly unknown[] {
  return ['call', cluster, call, parameters]
}

/** Key of everything that is known of a cluster's permissions; what follows tells the question. */
export function accessQueryKey(cluster: string): readonly unknown[] {
  return ['call', cluster, 'access']
}
