'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import { type AuditEntry, type AuditPage, type AuditQuery, auditSearch } from '@/contract/audit'
import { ApiFailure, useConsoleApi } from '../kube/api'

const refreshMs = 10_000
const hour = 60 * 60 * 1000

/** How far back one may look with one choice, in milliseconds. */
export const auditRanges = { hour, day: 24 * hour, week: 7 * 24 * hour, month: 30 * 24 * hour } as const
export type AuditRange = keyof typeof auditRanges

export interface AuditEntries {
  entries: readonly AuditEntry[]
  loaded: boolean
  error?: ApiFailure
  /** There may be older ones. */
  hasMore: boolean
  loadingMore: boolean
  loadMore: () => void
  refetch: () => void
}

/** Entries of the console's record, newest first, page by page; the first page is kept fresh. */
export function useAudit(query: AuditQuery, range?: AuditRange): AuditEntries {
  const call = useConsoleApi()
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: ['audit', auditSearch(query).toString(), range ?? ''],
    initialPageParam: '',
    queryFn: async ({ pageParam }) => {
      const from = range ? { from: new Date(Date.now() - auditRanges[range]).toISOString() } : {}
      const search = auditSearch({ ...query, ...from }, pageParam === '' ? {} : { cursor: pageParam })
      // Our own gateway, agreed in contract/audit.ts.
      return (await call('GET', `/audit?${search}`)) as AuditPage
    },
    getNextPageParam: (page) => page.cursor,
    // Reading every page anew would make long lists jump.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : refreshMs),
  })
  return {
    entries: data?.pages.flatMap(({ items }) => items) ?? [],
    loaded: data !== undefined,
    ...(error instanceof ApiFailure && !data ? { error } : {}),
    hasMore: hasNextPage,
    loadingMore: isFetchingNextPage,
    loadMore: () => void fetchNextPage(),
    refetch: () => void refetch(),
  }
}
