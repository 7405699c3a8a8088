import type { KubeObject, KubeStatus } from '@/contract/kube-object'
import { emptyLiveState, type LiveState } from './live-state'

/** A namespace whose part of a list does not come. */
export interface NamespaceFailure {
  namespace: string
  status: KubeStatus
}

export interface MergedList extends LiveState {
  failures: readonly NamespaceFailure[]
}

/**
 * One list of the lists of several namespaces. It is there once each has come or been refused; it fails only when all
 * have: otherwise `failures` tells which parts are missing.
 */
export function mergeLists(namespaces: readonly string[], states: readonly LiveState[]): MergedList {
  const parts = namespaces.map((namespace, at) => ({ namespace, state: states[at] ?? emptyLiveState }))
  const failures = parts.flatMap(({ namespace, state: { error, loaded } }) =>
    error && !loaded ? [{ namespace, status: error }] : [],
  )
  const [first] = failures
  const allFailed = first !== undefined && failures.length === parts.length
  return {
    items:
      parts.length === 1 ? (parts[0]?.state.items ?? []) : parts.flatMap(({ state }) => state.items as KubeObject[]),
    loaded: parts.length > 0 && !allFailed && parts.every(({ state }) => state.loaded || state.error !== undefined),
    stale: parts.some(({ state }) => state.stale),
    ...(allFailed ? { error: first.status } : {}),
    failures: allFailed ? [] : failures,
  }
}
