'use client'

import { useMemo } from 'react'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { ApiFailure } from './api'
import { useCluster } from './cluster'
import { useLive } from './use-live'

export interface ListQuery {
  /** Left out: all namespaces. */
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
}

/** The objects of a kind, always up to date. In no particular order. */
export function useList<T extends KubeObject>(kind: Kind<T>, options: ListQuery = {}): LiveList<T> {
  const cluster = useCluster()
  const { namespace, labelSelector, fieldSelector, enabled = true } = options
  const state = useLive(
    {
      cluster,
      group: kind.group,
      version: kind.version,
      plural: kind.plural,
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    },
    enabled,
  )
  return useMemo(
    () => ({
      // The server answers a subscription to a kind with objects of that kind.
      items: state.items as readonly T[],
      loaded: state.loaded,
      stale: state.stale,
      ...(state.error ? { error: new ApiFailure(state.error) } : {}),
    }),
    [state],
  )
}
