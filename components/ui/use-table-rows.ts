import { useMemo, useState } from 'react'
import { type Column, filterRows, firstQuery, pageOf, sortRows, type TableQuery, type TableSort } from './table-model'

interface TableRowsInput<Row> {
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  initialSort?: TableSort
  query?: { value: TableQuery; change: (query: TableQuery) => void }
}

export interface TableRows<Row> {
  query: TableQuery
  changeQuery: (query: TableQuery) => void
  sort: TableSort | undefined
  /** All rows that match the text, sorted. */
  matching: readonly Row[]
  /** Those of the current page. */
  shown: readonly Row[]
  /** Rows that are selected and match: nobody acts on what cannot be seen. */
  selected: readonly Row[]
  isSelected: (row: Row) => boolean
  select: (row: Row, on: boolean) => void
  selectAll: (on: boolean) => void
  clearSelection: () => void
}

/** Which rows a table shows and which are selected. */
export function useTableRows<Row>({ columns, rows, rowKey, initialSort, query }: TableRowsInput<Row>): TableRows<Row> {
  const [ownQuery, setOwnQuery] = useState<TableQuery>(firstQuery)
  const [selectedKeys, setSelectedKeys] = useState<ReadonlySet<string>>(new Set())
  const asked = query?.value ?? ownQuery
  const sort = asked.sort ?? initialSort
  const matching = useMemo(
    () => sortRows(filterRows(rows, columns, asked.text), columns, sort),
    [rows, columns, asked.text, sort],
  )
  const page = pageOf(matching, asked)
  const isSelected = (row: Row) => selectedKeys.has(rowKey(row))
  return {
    query: { ...asked, page: page.page },
    changeQuery: query?.change ?? setOwnQuery,
    sort,
    matching,
    shown: page.rows,
    selected: selectedKeys.size === 0 ? [] : matching.filter(isSelected),
    isSelected,
    select: (row, on) =>
      setSelectedKeys((keys) => {
        const next = new Set(keys)
        if (on) next.add(rowKey(row))
        else next.delete(rowKey(row))
        return next
      }),
    selectAll: (on) => setSelectedKeys(new Set(on ? matching.map(rowKey) : [])),
    clearSelection: () => setSelectedKeys(new Set()),
  }
}
