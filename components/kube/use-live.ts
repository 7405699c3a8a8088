'use client'

import { queryOptions, skipToken, useQueries, useQuery } from '@tanstack/react-query'
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
  const { data } = useQuery<LiveState>(stateOf(query))
  return enabled ? (data ?? emptyLiveState) : emptyLiveState
}

/** The live states of several queries in their order, each subscribed while the component is mounted and asks for it. */
export function useLives(queries: readonly LiveQuery[]): readonly LiveState[] {
  const socket = useLiveSocket()
  const keys = queries.map(liveKey).join('\n')
  useEffect(() => {
    const stops = queries.map((query) => socket.subscribe(query))
    return () => {
      for (const stop of stops) stop()
    }
    // `keys` stands for the queries, which are new objects at every render.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [socket, keys])
  return useQueries({ queries: queries.map(stateOf), combine: statesOf })
}

/** What the socket has written into the cache; nothing else writes below these keys. */
function stateOf(query: LiveQuery) {
  return queryOptions<LiveState>({
    queryKey: liveQueryKey(query),
    queryFn: skipToken,
    // States are new objects with shared items already; comparing ten thousand deeply would cost more than drawing them.
    structuralSharing: false,
    gcTime: Infinity,
    staleTime: Infinity,
  })
}

function statesOf(results: readonly { data: LiveState | undefined }[]): readonly LiveState[] {
  return results.map(({ data }) => data ?? emptyLiveState)
}
