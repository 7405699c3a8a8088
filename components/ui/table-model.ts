import type { ReactNode } from 'react'

/** One column as data: what to sort and search by is apart from how it looks. */
export interface Column<Row> {
  id: string
  label: string
  /** What sorting compares and the text filter searches; undefined sorts last. Without it the column does neither. */
  value?: (row: Row) => string | number | undefined
  /** How it looks; default: the value. */
  cell?: (row: Row) => ReactNode
  /** Who sees it: `always` (default), `wide` from 1200 px, `widest` from 1450 px; a phone shows `always` ones as cards. */
  shown?: 'always' | 'wide' | 'widest'
  /** Share of the width in percent. */
  width?: 10 | 15 | 20 | 25 | 30 | 35 | 40 | 45 | 50
  /** Long texts without spaces in them (addresses, messages) may break anywhere. */
  long?: boolean
  /** False: the text filter leaves it alone. */
  searchable?: boolean
}

export interface TableSort {
  column: string
  direction: 'asc' | 'desc'
}

/** What a person asked of a table. */
export interface TableQuery {
  text: string
  sort?: TableSort | undefined
  /** From 1. */
  page: number
  pageSize: number
}

export const pageSizes = [15, 50, 100, 200] as const
export const firstQuery: TableQuery = { text: '', page: 1, pageSize: pageSizes[0] }

/** Rows whose searchable values contain every word of the text, whatever the case. */
export function filterRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], text: string): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  const searched = columns.filter((column) => column.value !== undefined && column.searchable !== false)
  return rows.filter((row) => {
    const haystack = searched.map((column) => String(column.value?.(row) ?? '').toLowerCase()).join('\n')
    return words.every((word) => haystack.includes(word))
  })
}

/** A sorted copy; numbers as numbers, texts as people count (`vm2` before `vm10`), rows without a value last. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: TableSort | undefined,
): readonly Row[] {
  const value = columns.find((column) => column.id === sort?.column)?.value
  if (sort === undefined || value === undefined) return rows
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
  const sign = sort.direction === 'asc' ? 1 : -1
  return rows
    .map((row) => ({ row, key: value(row) }))
    .sort((a, b) => {
      if (a.key === b.key) return 0
      if (a.key === undefined) return 1
      if (b.key === undefined) return -1
      if (typeof a.key === 'number' && typeof b.key === 'number') return sign * (a.key - b.key)
      return sign * collator.compare(String(a.key), String(b.key))
    })
    .map(({ row }) => row)
}

/** The rows of one page; a page beyond the end is the last one. */
export function pageOf<Row>(
  rows: readonly Row[],
  { page, pageSize }: TableQuery,
): { rows: readonly Row[]; page: number } {
  const last = Math.max(1, Math.ceil(rows.length / pageSize))
  const shown = Math.min(Math.max(1, page), last)
  return { rows: rows.slice((shown - 1) * pageSize, shown * pageSize), page: shown }
}
