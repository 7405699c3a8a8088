// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DataTable, type DataTableProps } from './data-table'

interface Row {
  name: string
  size?: number
}

// Without a provider the words are their keys, which is all that these tests need.
const base: DataTableProps<Row> = {
  label: 'Things',
  columns: [
    { id: 'name', label: 'Name', value: (row) => row.name, cell: (row) => <a href={`/${row.name}`}>{row.name}</a> },
    { id: 'size', label: 'Size', value: (row) => row.size },
  ],
  rows: [{ name: 'b', size: 1 }, { name: 'a', size: 10 }, { name: 'c' }],
  rowKey: (row) => row.name,
  rowName: (row) => row.name,
  empty: <p>nothing yet</p>,
}
const show = (props: Partial<DataTableProps<Row>> = {}) => render(<DataTable<Row> {...base} {...props} />)
const names = () => screen.getAllByRole('link').map((link) => link.textContent)

afterEach(cleanup)

describe('a data table', () => {
  it('sorts by a click on a head, and the other way by a second one', async () => {
    show({ initialSort: { column: 'name', direction: 'asc' } })
    expect(names()).toEqual(['a', 'b', 'c'])
    await userEvent.click(screen.getByRole('button', { name: 'Size' }))
    expect(names()).toEqual(['b', 'a', 'c'])
    await userEvent.click(screen.getByRole('button', { name: 'Size' }))
    expect(names()).toEqual(['a', 'b', 'c'])
  })

  it('jumps to the filter with a slash, says when nothing matches, and clears with Escape', async () => {
    show()
    await userEvent.keyboard('/')
    const filter = screen.getByRole('textbox', { name: 'ui.table.filterBy' })
    expect(document.activeElement).toBe(filter)
    await userEvent.type(filter, 'zz')
    expect(screen.getByText('ui.table.noMatch')).toBeDefined()
    await userEvent.keyboard('{Escape}')
    expect(names()).toHaveLength(3)
  })

  it('tells an empty table from one that is still loading', () => {
    show({ rows: [] })
    expect(screen.getByText('nothing yet')).toBeDefined()
    cleanup()
    show({ rows: [], loading: true })
    expect(screen.queryByText('nothing yet')).toBeNull()
    expect(screen.getByRole('grid', { name: 'Things' })).toBeDefined()
  })

  it('acts on what is selected and still matches, not on what was filtered away', async () => {
    const acted = vi.fn()
    show({ bulkActions: (rows) => [{ id: 'go', label: 'Go', run: () => acted(rows.map((row) => row.name)) }] })
    const [all] = screen.getAllByRole('checkbox')
    if (all) await userEvent.click(all)
    await userEvent.type(screen.getByRole('textbox', { name: 'ui.table.filterBy' }), 'a')
    await userEvent.click(screen.getByRole('button', { name: 'ui.table.bulk' }))
    await userEvent.click(screen.getByRole('menuitem', { name: 'Go' }))
    expect(acted).toHaveBeenCalledWith(['a'])
  })

  it('keeps a row selected while its data change, and forgets it when it is gone', () => {
    const bulkActions: DataTableProps<Row>['bulkActions'] = () => []
    const { rerender } = show({ bulkActions })
    const second = () => screen.queryAllByRole('checkbox')[1]
    second()?.click()
    rerender(<DataTable<Row> {...base} bulkActions={bulkActions} rows={[{ name: 'b', size: 99 }]} />)
    expect(second()).toHaveProperty('checked', true)
    rerender(<DataTable<Row> {...base} bulkActions={bulkActions} rows={[{ name: 'c' }]} />)
    expect(second()).toHaveProperty('checked', false)
  })

  it('keeps a forbidden action visible, with the reason, and does not run it', async () => {
    const run = vi.fn()
    show({ rowActions: () => [{ id: 'go', label: 'Go', run, disabled: 'It is off.' }] })
    const [menu] = screen.getAllByRole('button', { name: 'ui.table.rowActions' })
    if (menu) await userEvent.click(menu)
    const item = screen.getByRole('menuitem', { name: /Go/ })
    expect(within(item).getByText('It is off.')).toBeDefined()
    await userEvent.click(item)
    expect(run).not.toHaveBeenCalled()
  })

  it('is walked with the arrow keys', async () => {
    show({ initialSort: { column: 'name', direction: 'asc' } })
    screen.getByRole('link', { name: 'a' }).focus()
    await userEvent.keyboard('{ArrowDown}')
    expect(document.activeElement?.textContent).toBe('b')
    await userEvent.keyboard('{ArrowUp}{ArrowUp}')
    expect(document.activeElement?.textContent).toBe('a')
  })
})
