'use client'

import { QueryClientContext } from '@tanstack/react-query'
import { useCallback, useContext } from 'react'
import { accessQueryKey } from './query-keys'

/** Many calls that are refused at once are one reason to ask again. Milliseconds. */
const pause = 5_000
const askedAt = new Map<string, number>()

/** What was known of a cluster's permissions is asked for again: a call has just been refused. */
export function useForgetAccess(cluster: string): (path: string) => void {
  // Without a cache nothing is known that could be forgotten.
  const client = useContext(QueryClientContext)
  return useCallback(
    (path) => {
      // Reviews themselves: asking again because asking was refused would never end.
      if (/^\/apis\/auth(orization|entication)\.k8s\.io\//.test(path)) return
      if (Date.now() - (askedAt.get(cluster) ?? 0) < pause) return
      askedAt.set(cluster, Date.now())
      void client?.invalidateQueries({ queryKey: accessQueryKey(cluster) })
    },
    [client, cluster],
  )
}
