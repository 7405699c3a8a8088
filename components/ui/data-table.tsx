'use client'

import { Skeleton } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, type ThProps, Tr } from '@patternfly/react-table'
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react'
import { ActionMenu, type MenuAction } from './row-menu'
import { type Column, filterRows, firstQuery, pageOf, sortRows, type TableQuery, type TableSort } from './table-model'
import { TableToolbar } from './table-toolbar'
import { useUiText } from './use-ui-text'
import { EmptyView } from './views'

export interface DataTableProps<Row> {
  /** Names the table for screen readers. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  /** Unique; keeps selection and focus with the row while data change. */
  rowKey: (row: Row) => string
  /** Names a row for screen readers. */
  rowName: (row: Row) => string
  loading?: boolean
  /** Instead of the table when there are no rows at all. */
  empty: ReactNode
  initialSort?: TableSort
  /** Given: the caller keeps the query (in the address, say). */
  query?: { value: TableQuery; change: (query: TableQuery) => void }
  /** Without filter and pages: for a handful of rows. */
  plain?: boolean
  /** More filters in the toolbar; `rows` are expected to obey them already. */
  filters?: { content: ReactNode; active: boolean; clear: () => void }
  rowActions?: (row: Row) => readonly MenuAction[]
  /** Given: rows can be selected. `clear` ends the selection. */
  bulkActions?: (rows: readonly Row[], clear: () => void) => readonly MenuAction[]
}

/** A table of live data: declared columns, text filter, sorting, pages, selection, menus, keyboard. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, rows, rowKey, loading, filters } = props
  const t = useUiText()
  const [ownQuery, setOwnQuery] = useState<TableQuery>(firstQuery)
  const query = props.query?.value ?? ownQuery
  const changeQuery = props.query?.change ?? setOwnQuery
  const sort = query.sort ?? props.initialSort
  const [selectedKeys, setSelectedKeys] = useState<ReadonlySet<string>>(new Set())

  const matching = useMemo(
    () => sortRows(filterRows(rows, columns, query.text), columns, sort),
    [rows, columns, query.text, sort],
  )
  const page = pageOf(matching, query)
  // A row that is gone or filtered away is not selected any more: nobody acts on what cannot be seen.
  const selected = matching.filter((row) => selectedKeys.has(rowKey(row)))
  const filtering = query.text !== '' || filters?.active === true

  if (!loading && rows.length === 0 && !filtering) return props.empty

  const select = (row: Row, on: boolean) =>
    setSelectedKeys((keys) => {
      const next = new Set(keys)
      if (on) next.add(rowKey(row))
      else next.delete(rowKey(row))
      return next
    })
  const clearSelection = () => setSelectedKeys(new Set())

  return (
    <>
      {!props.plain && (
        <TableToolbar
          label={props.label}
          query={{ ...query, page: page.page }}
          onQuery={changeQuery}
          total={matching.length}
          filters={filters}
          selectedCount={selected.length}
          bulkActions={props.bulkActions && (() => props.bulkActions?.(selected, clearSelection) ?? [])}
          onClearSelection={clearSelection}
        />
      )}
      {!loading && matching.length === 0 ? (
        <EmptyView small title={t('ui.table.noMatch')} body={t('ui.table.noMatchBody')} />
      ) : (
        <Table aria-label={props.label} variant="compact" gridBreakPoint="grid-md" onKeyDown={moveBetweenRows}>
          <Thead>
            <Tr>
              {props.bulkActions && (
                <Th
                  screenReaderText={t('ui.table.selectAll')}
                  select={{
                    isSelected: selected.length > 0 && selected.length === matching.length,
                    onSelect: (_event, on) => setSelectedKeys(new Set(on ? matching.map(rowKey) : [])),
                  }}
                  aria-label={t('ui.table.selectAll')}
                />
              )}
              {columns.map((column, index) => (
                <Th
                  key={column.id}
                  modifier="nowrap"
                  {...visibilityOf(column)}
                  {...(column.width === undefined ? {} : { width: column.width })}
                  {...(column.value === undefined ? {} : { sort: sortOf(column.id, index) })}
                >
                  {column.label}
                </Th>
              ))}
              {props.rowActions && <Th screenReaderText={t('ui.table.rowActions', { row: '' })} />}
            </Tr>
          </Thead>
          <Tbody>
            {loading && rows.length === 0 ? (
              <LoadingRows columns={columns} />
            ) : (
              page.rows.map((row, index) => (
                <DataRow
                  key={rowKey(row)}
                  row={row}
                  index={index}
                  table={props}
                  selected={selectedKeys.has(rowKey(row))}
                  onSelect={(on) => select(row, on)}
                />
              ))
            )}
          </Tbody>
        </Table>
      )}
    </>
  )

  function sortOf(column: string, index: number): NonNullable<ThProps['sort']> {
    return {
      columnIndex: index,
      sortBy: sort?.column === column ? { index, direction: sort.direction } : {},
      onSort: (_event, _index, direction) => changeQuery({ ...query, sort: { column, direction }, page: 1 }),
    }
  }
}

interface DataRowProps<Row> {
  row: Row
  index: number
  table: DataTableProps<Row>
  selected: boolean
  onSelect: (on: boolean) => void
}

function DataRow<Row>({ row, index, table, selected, onSelect }: DataRowProps<Row>) {
  const t = useUiText()
  const name = table.rowName(row)
  return (
    <Tr isRowSelected={selected}>
      {table.bulkActions && (
        <Td
          select={{
            rowIndex: index,
            isSelected: selected,
            onSelect: (_event, on) => onSelect(on),
            props: { 'aria-label': t('ui.table.selectRow', { row: name }) },
          }}
        />
      )}
      {table.columns.map((column) => (
        <Td
          key={column.id}
          dataLabel={column.label}
          {...visibilityOf(column)}
          {...(column.long ? { modifier: 'breakWord' as const } : {})}
        >
          {column.cell === undefined ? (column.value?.(row) ?? '–') : <div>{column.cell(row)}</div>}
        </Td>
      ))}
      {table.rowActions && (
        <Td isActionCell>
          <ActionMenu label={t('ui.table.rowActions', { row: name })} actions={() => table.rowActions?.(row) ?? []} />
        </Td>
      )}
    </Tr>
  )
}

function LoadingRows<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return [0, 1, 2, 3].map((line) => (
    <Tr key={line}>
      {columns.map((column) => (
        <Td key={column.id} dataLabel={column.label} {...visibilityOf(column)}>
          <Skeleton />
        </Td>
      ))}
    </Tr>
  ))
}

function visibilityOf<Row>(column: Column<Row>): Pick<ThProps, 'visibility'> {
  if (column.shown === 'wide') return { visibility: ['hidden', 'visibleOnXl'] }
  if (column.shown === 'widest') return { visibility: ['hidden', 'visibleOn2Xl'] }
  return {}
}

/** Up and down go to the same place in the neighbouring row, so that a list can be walked without a mouse. */
function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const target = event.target
  if (!(target instanceof HTMLElement) || target.closest('[role="menu"]')) return
  const row = target.closest('tbody tr')
  const neighbour = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling
  if (!row || !neighbour) return
  const place = focusable(row).indexOf(target)
  const next = focusable(neighbour)[place]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

function focusable(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('a[href], button:not([disabled]), input:not([disabled])')]
}
