import { expect, test } from 'vitest'
import type { KubeObject } from '../kube-object'
import { isChanged, mergeEdits } from './merge-edits'

interface Thing extends KubeObject {
  spec: Record<string, unknown>
  status?: unknown
}

const thing = (spec: Record<string, unknown>, resourceVersion = '1'): Thing => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', resourceVersion },
  spec,
})

test('changes of two people in different places are both kept', () => {
  const result = mergeEdits({
    base: thing({ a: 1, b: 1 }),
    edited: thing({ a: 2, b: 1, c: { d: 1 } }),
    latest: thing({ a: 1, b: 5 }, '2'),
  })
  expect(result).toEqual({ merged: thing({ a: 2, b: 5, c: { d: 1 } }, '2'), clashes: [] })
})

test('where both changed, the newer state stays and the place is named', () => {
  const result = mergeEdits({ base: thing({ a: 1 }), edited: thing({ a: 2 }), latest: thing({ a: 3 }, '2') })
  expect(result).toEqual({ merged: thing({ a: 3 }, '2'), clashes: ['/spec/a'] })
})

test('what was removed meanwhile is not brought back in pieces', () => {
  const result = mergeEdits({
    base: thing({ list: { x: 1 } }),
    edited: thing({ list: { x: 2 } }),
    latest: thing({}, '2'),
  })
  expect(result).toEqual({ merged: thing({}, '2'), clashes: ['/spec/list/x'] })
})

test('the inputs stay as they are', () => {
  const latest = thing({ a: 1 }, '2')
  mergeEdits({ base: thing({ a: 1 }), edited: thing({ a: 2 }), latest })
  expect(latest).toEqual(thing({ a: 1 }, '2'))
})

test('a new status is no change, a new label is', () => {
  const before: Thing = { ...thing({ a: 1 }), status: { phase: 'A' } }
  const after: Thing = { ...thing({ a: 1 }, '2'), status: { phase: 'B' } }
  expect(isChanged(before, after)).toBe(false)
  expect(isChanged(before, { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } })).toBe(true)
})
