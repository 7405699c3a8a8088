'use client'

import { skipToken, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { LiveQuery } from '@/contract/live'
import { useLiveSocket } from './live-provider'
import { liveKey } from './live-socket'
import { emptyLiveState, type LiveState } from './live-state'
import { liveQueryKey } from './query-keys'

/** The live state of a query, subscribed while the component is mounted and `enabled`. */
export function useLive(query: LiveQuery, enabled: boolean): LiveState {
  const socket = useLiveSocket()
  const key = liveKey(query)
  // `key` stands for the whole query, which is a new object at every render.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useEffect(() => (enabled ? socket.subscribe(query) : undefined), [socket, key, enabled])
  const { data } = useQuery<LiveState>({
    queryKey: liveQueryKey(query),
    queryFn: skipToken,
    // States are new objects with shared items already; comparing ten thousand deeply would cost more than drawing them.
    structuralSharing: false,
    gcTime: Infinity,
    staleTime: Infinity,
  })
  return enabled ? (data ?? emptyLiveState) : emptyLiveState
}
