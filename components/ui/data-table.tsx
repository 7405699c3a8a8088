'use client'

import { Checkbox, Skeleton } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, type ThProps, Tr } from '@patternfly/react-table'
import { type KeyboardEvent, type ReactNode, useId } from 'react'
import { ActionMenu, type MenuAction } from './row-menu'
import type { Column, TableQuery, TableSort } from './table-model'
import { TableToolbar } from './table-toolbar'
import { type TableRows, useTableRows } from './use-table-rows'
import { useUiText } from './use-ui-text'
import { EmptyView } from './views'

// PatternFly's own selection column speaks English only.
const checkCell = 'pf-v6-c-table__check'

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
  const t = useUiText()
  const table = useTableRows(props)
  const { loading = false, rows } = props
  const filtering = table.query.text !== '' || props.filters?.active === true
  if (!loading && rows.length === 0 && !filtering) return props.empty
  return (
    <>
      {!props.plain && (
        <TableToolbar
          label={props.label}
          query={table.query}
          onQuery={table.changeQuery}
          total={table.matching.length}
          filters={props.filters}
          selectedCount={table.selected.length}
          bulkActions={props.bulkActions && (() => props.bulkActions?.(table.selected, table.clearSelection) ?? [])}
          onClearSelection={table.clearSelection}
        />
      )}
      {!loading && table.matching.length === 0 ? (
        <EmptyView small title={t('ui.table.noMatch')} body={t('ui.table.noMatchBody')} />
      ) : (
        <Table aria-label={props.label} variant="compact" gridBreakPoint="grid-md" onKeyDown={moveBetweenRows}>
          <HeadRow table={table} props={props} />
          <Tbody>
            {loading && rows.length === 0 ? (
              <LoadingRows columns={props.columns} selectable={props.bulkActions !== undefined} />
            ) : (
              table.shown.map((row) => (
                <DataRow
                  key={props.rowKey(row)}
                  row={row}
                  table={props}
                  selected={table.isSelected(row)}
                  onSelect={(on) => table.select(row, on)}
                />
              ))
            )}
          </Tbody>
        </Table>
      )}
    </>
  )
}

function HeadRow<Row>({ table, props }: { table: TableRows<Row>; props: DataTableProps<Row> }) {
  const t = useUiText()
  const id = useId()
  const { selected, matching, sort } = table
  const sortOf = (column: string, index: number): NonNullable<ThProps['sort']> => ({
    columnIndex: index,
    sortBy: sort?.column === column ? { index, direction: sort.direction } : {},
    onSort: (_event, _index, direction) => table.changeQuery({ ...table.query, sort: { column, direction }, page: 1 }),
  })
  return (
    <Thead>
      <Tr>
        {props.bulkActions && (
          <Th className={checkCell}>
            <Checkbox
              id={id}
              aria-label={t('ui.table.selectAll')}
              isChecked={selected.length > 0 && selected.length === matching.length}
              onChange={(_event, on) => table.selectAll(on)}
            />
          </Th>
        )}
        {props.columns.map((column, index) => (
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
        {props.rowActions && <Th screenReaderText={t('ui.table.actions')} />}
      </Tr>
    </Thead>
  )
}

interface DataRowProps<Row> {
  row: Row
  table: DataTableProps<Row>
  selected: boolean
  onSelect: (on: boolean) => void
}

function DataRow<Row>({ row, table, selected, onSelect }: DataRowProps<Row>) {
  const t = useUiText()
  const id = useId()
  const name = table.rowName(row)
  return (
    <Tr isRowSelected={selected}>
      {table.bulkActions && (
        <Td className={checkCell}>
          <Checkbox
            id={`${id}-check`}
            aria-label={t('ui.table.selectRow', { row: name })}
            isChecked={selected}
            onChange={(_event, on) => onSelect(on)}
          />
        </Td>
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

function LoadingRows<Row>({ columns, selectable }: { columns: readonly Column<Row>[]; selectable: boolean }) {
  return [0, 1, 2, 3].map((line) => (
    <Tr key={line}>
      {selectable && <Td />}
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
