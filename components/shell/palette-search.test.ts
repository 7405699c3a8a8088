import { expect, it } from 'vitest'
import { findEntries } from './palette-search'

const entries = [
  { title: 'Storage', place: 'page' },
  { title: 'web-stage', place: 'default' },
  { title: 'postage', place: 'default' },
  { title: 'sta-1', place: 'lab' },
]
const titles = (text: string) => findEntries(entries, text).map(({ title }) => title)

it('puts names that begin with the text before names with a word that does', () => {
  expect(titles('sta')).toEqual(['sta-1', 'web-stage', 'postage'])
})

it('finds by the place as well, and needs every word', () => {
  expect(titles('lab')).toEqual(['sta-1'])
  expect(titles('web default')).toEqual(['web-stage'])
})

it('offers everything in its order when nothing is typed', () => {
  expect(titles(' ')).toHaveLength(4)
})
