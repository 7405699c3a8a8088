'use client'

import { useEffect, useMemo } from 'react'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject, KubeStatus } from '@/contract/kube-object'
import type { LiveQuery } from '@/contract/live'
import { ApiFailure } from './api'
import { useCluster } from './cluster'
import type { LiveState } from './live-state'
import { mergeLists, type NamespaceFailure } from './merge-lists'
import { noteRefusedEverywhere, useRefusedEverywhere } from './refused-everywhere'
import { useLive, useLives } from './use-live'
import { type Namespaces, useNamespaces } from './use-namespaces'

export interface ListQuery {
  /** Left out: all namespaces the person works in, or the one that is chosen. */
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  /** False: ask for nothing. Default true. */
  enabled?: boolean | undefined
}

export interface LiveList<T extends KubeObject> {
  items: readonly T[]
  /** The whole list has arrived. */
  loaded: boolean
  error?: ApiFailure
  /** Updates are interrupted: the items may be old. */
  stale: boolean
  /** Namespaces whose part is missing, when others have come. */
  failures?: readonly NamespaceFailure[]
}

/**
 * The objects of a kind, always up to date. In no particular order. Who may not list a kind over all namespaces gets
 * what is in the namespaces they work in.
 */
export function useList<T extends KubeObject>(kind: Kind<T>, options: ListQuery = {}): LiveList<T> {
  const cluster = useCluster()
  const { namespace, labelSelector, fieldSelector, enabled = true } = options
  const scope = useNamespaces()
  const { group, version, plural } = kind
  const refused = useRefusedEverywhere({ cluster, group, plural })
  const queryFor = (where: string | undefined): LiveQuery => ({
    cluster,
    group,
    version,
    plural,
    ...(where ? { namespace: where } : {}),
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
  })
  const over = kind.namespaced && !namespace ? placesOf(scope, refused) : undefined
  const whole = useLive(queryFor(namespace), enabled && over === undefined)
  const parts = useLives(enabled ? (over ?? []).map(queryFor) : [])

  const isRefused = kind.namespaced && !namespace && whole.error?.code === 403 && !whole.loaded
  useEffect(() => {
    if (isRefused) noteRefusedEverywhere({ cluster, group, plural })
  }, [isRefused, cluster, group, plural])

  const places = over?.join(' ')
  return useMemo(() => {
    if (places === undefined) return listOf<T>(named(whole, group))
    const merged = mergeLists(
      places === '' ? [] : places.split(' '),
      parts.map((part) => named(part, group)),
    )
    return listOf<T>(places === '' && scope.settled ? { ...merged, error: nowhere(group, plural) } : merged)
  }, [places, whole, parts, scope.settled, group, plural])
}

/** Asking each of very many namespaces would be refused very many times: there one has to name one's own. */
const mostPlaces = 60

/** The namespaces to ask one by one; undefined: all at once. */
function placesOf({ chosen, names, own, mode }: Namespaces, refused: boolean): readonly string[] | undefined {
  if (chosen !== undefined) return [chosen]
  if (!refused) return undefined
  return mode === 'all' && own.length > 0 ? own : names.slice(0, mostPlaces)
}

function listOf<T extends KubeObject>(state: LiveState & { failures?: readonly NamespaceFailure[] }): LiveList<T> {
  const { items, loaded, stale, error, failures = [] } = state
  return {
    // The server answers a subscription to a kind with objects of that kind.
    items: items as readonly T[],
    loaded,
    stale,
    ...(error ? { error: new ApiFailure(error) } : {}),
    ...(failures.length > 0 ? { failures } : {}),
  }
}

/** A server that does not know a kind cannot say which: the group tells which part of the platform is missing. */
function named(state: LiveState, group: string): LiveState {
  const { error } = state
  if (error?.code !== 404 || error.details?.name || error.details?.group) return state
  return { ...state, error: { ...error, details: { ...error.details, group } } }
}

/** What the API said about the whole cluster, as long as no namespace is known. */
function nowhere(group: string, plural: string): KubeStatus {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Forbidden',
    code: 403,
    message: `${plural}${group === '' ? '' : `.${group}`} is forbidden in all namespaces`,
  }
}
