import { describe, expect, test } from 'vitest'
import { matchesLabels, parseFieldSelector, parseLabelSelector, SelectorError } from './selectors'

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', 'chiave.io/size': '3', empty: '' }
  test.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier = front', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app in (db, web)', true],
    ['app notin (db,web)', false],
    ['missing notin (x)', true],
    ['app', true],
    ['!app', false],
    ['! missing', true],
    ['chiave.io/size>2', true],
    ['chiave.io/size<3', false],
    ['empty=', true],
    ['app in (db),tier', false],
  ])('%j selects: %s', (text, selected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(selected)
  })

  test.each(['a b', 'a=b c', '=x', 'a in (b', 'a in b', '-a=b', 'a=b!', 'a>x'])('%j is refused', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(SelectorError)
  })

  test('a label called like a method of objects is no label that is there', () => {
    expect(matchesLabels(parseLabelSelector('toString'), labels)).toBe(false)
  })
})

describe('field selectors', () => {
  test('read equality, inequality and escapes', () => {
    expect(parseFieldSelector('metadata.name=a,status.phase!=Running,x==b\\,c')).toEqual([
      { path: 'metadata.name', equal: true, value: 'a' },
      { path: 'status.phase', equal: false, value: 'Running' },
      { path: 'x', equal: true, value: 'b,c' },
    ])
  })

  test('refuse what has no operator', () => {
    expect(() => parseFieldSelector('metadata.name')).toThrow("can't understand 'metadata.name'")
  })
})
