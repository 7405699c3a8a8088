'use client'

import { useMemo } from 'react'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { ApiFailure } from './api'
import { useCluster } from './cluster'
import { useLive } from './use-live'

export interface ObjectQuery {
  namespace?: string | undefined
  name: string
  /** False: ask for nothing. Default true. */
  enabled?: boolean | undefined
}

export interface LiveObject<T extends KubeObject> {
  object?: T
  /** The answer has arrived, whether there is such an object or not. */
  loaded: boolean
  /** There is no such object (any more). */
  notFound: boolean
  error?: ApiFailure
  /** Updates are interrupted: the object may be old. */
  stale: boolean
}

/** One object, always up to date. */
export function useObject<T extends KubeObject>(kind: Kind<T>, options: ObjectQuery): LiveObject<T> {
  const cluster = useCluster()
  const { namespace, name, enabled = true } = options
  const state = useLive(
    {
      cluster,
      group: kind.group,
      version: kind.version,
      plural: kind.plural,
      name,
      ...(namespace ? { namespace } : {}),
    },
    enabled,
  )
  return useMemo(() => {
    // The server answers a subscription to a kind with objects of that kind.
    const object = state.items[0] as T | undefined
    const absent = state.error?.code === 404
    return {
      loaded: state.loaded || absent,
      notFound: absent || (state.loaded && object === undefined),
      stale: state.stale,
      ...(object && !absent ? { object } : {}),
      ...(state.error && !absent ? { error: new ApiFailure(state.error) } : {}),
    }
  }, [state])
}
