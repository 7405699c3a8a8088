import { describe, expect, it } from 'vitest'
import { type Column, filterRows, firstQuery, pageOf, sortRows } from './table-model'

interface Row {
  name: string
  cpu?: number
  note: string
}
const columns: Column<Row>[] = [
  { id: 'name', label: 'Name', value: (row) => row.name },
  { id: 'cpu', label: 'CPU', value: (row) => row.cpu },
  { id: 'note', label: 'Note', value: (row) => row.note, searchable: false },
]
const rows: Row[] = [
  { name: 'vm10', cpu: 2, note: 'red' },
  { name: 'VM2', note: 'blue' },
  { name: 'db', cpu: 16, note: 'red' },
]
const names = (of: readonly Row[]) => of.map((row) => row.name)

describe('the table model', () => {
  it('finds rows by all words in any order and case', () => {
    expect(names(filterRows(rows, columns, '  vm '))).toEqual(['vm10', 'VM2'])
    expect(names(filterRows(rows, columns, '16 DB'))).toEqual(['db'])
  })

  it('leaves columns that are not searchable alone', () => {
    expect(filterRows(rows, columns, 'red')).toEqual([])
  })

  it('sorts texts as people count and numbers as numbers, with missing values last both ways', () => {
    expect(names(sortRows(rows, columns, { column: 'name', direction: 'asc' }))).toEqual(['db', 'VM2', 'vm10'])
    expect(names(sortRows(rows, columns, { column: 'cpu', direction: 'asc' }))).toEqual(['vm10', 'db', 'VM2'])
    expect(names(sortRows(rows, columns, { column: 'cpu', direction: 'desc' }))).toEqual(['db', 'vm10', 'VM2'])
  })

  it('does not touch the rows it was given', () => {
    sortRows(rows, columns, { column: 'name', direction: 'asc' })
    expect(names(rows)).toEqual(['vm10', 'VM2', 'db'])
  })

  it('shows the last page when the asked one is gone', () => {
    expect(pageOf(rows, { ...firstQuery, page: 9, pageSize: 2 })).toEqual({ rows: [rows[2]], page: 2 })
    expect(pageOf([], { ...firstQuery, page: 3 })).toEqual({ rows: [], page: 1 })
  })
})
