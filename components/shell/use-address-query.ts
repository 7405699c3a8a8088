'use client'

import { usePathname, useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { firstQuery, type TableQuery } from '../ui/table-model'

/** What a page's address says after the question mark, and the way to change it without leaving an entry in the history. */
export function useAddressQuery(): {
  get: (name: string) => string
  set: (changes: Readonly<Record<string, string>>) => void
} {
  const search = useSearchParams()
  const pathname = usePathname()
  return {
    get: useCallback((name: string) => search.get(name) ?? '', [search]),
    set: useCallback(
      (changes: Readonly<Record<string, string>>) => {
        // Read from the address itself: two changes in one event must not undo each other.
        const next = new URLSearchParams(window.location.search)
        for (const [name, value] of Object.entries(changes)) {
          if (value === '') next.delete(name)
          else next.set(name, value)
        }
        window.history.replaceState(null, '', next.size === 0 ? pathname : `${pathname}?${next}`)
      },
      [pathname],
    ),
  }
}

/** A table's query kept in the address, so that a filtered list can be sent to somebody. */
export function useTableAddress(): { value: TableQuery; change: (query: TableQuery) => void } {
  const { get, set } = useAddressQuery()
  const [column = '', direction] = get('sort').split(':')
  const text = get('q')
  const page = Number(get('page')) || firstQuery.page
  const pageSize = Number(get('size')) || firstQuery.pageSize
  const value = useMemo<TableQuery>(
    () => ({
      text,
      page,
      pageSize,
      ...(column === '' ? {} : { sort: { column, direction: direction === 'desc' ? 'desc' : 'asc' } }),
    }),
    [text, page, pageSize, column, direction],
  )
  const change = useCallback(
    (query: TableQuery) =>
      set({
        q: query.text,
        page: query.page === firstQuery.page ? '' : String(query.page),
        size: query.pageSize === firstQuery.pageSize ? '' : String(query.pageSize),
        sort: query.sort ? `${query.sort.column}:${query.sort.direction}` : '',
      }),
    [set],
  )
  return { value, change }
}
