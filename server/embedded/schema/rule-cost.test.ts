import { describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { compileExpression } from '../cel/expression'
import { costWords, estimateCost } from './rule-cost'
import { readSchema } from './schema-node'

function cost(schema: JsonObject, rule: string): number {
  const { ast } = compileExpression(rule, ['self', 'oldSelf'])
  return estimateCost(ast, { node: readSchema(schema), root: false })
}

const numbers = { type: 'array', items: { type: 'number' } }
const texts = { type: 'array', items: { type: 'string' } }

describe('the estimated cost of a rule', () => {
  // What fits into a request of 3 MiB, three steps for each, and two for the list itself.
  test('is that of the longest list a request can carry', () => {
    expect(cost(numbers, 'self.all(x, true)')).toBe(4_718_591)
    expect(cost(texts, 'self.all(x, true)')).toBe(3_145_727)
  })

  test('is that of the longest list the schema allows', () => {
    expect(cost({ ...numbers, maxItems: 10 }, 'self.all(x, true)')).toBe(32)
  })

  test('multiplies where comprehensions are nested', () => {
    const once = cost({ ...numbers, maxItems: 10 }, 'self.all(x, self.all(y, true))')
    expect(once).toBe(2 + 10 * (3 + 32))
  })

  test('counts a tenth of the text that is walked', () => {
    expect(cost({ type: 'string', maxLength: 10 }, "self == 'abc'")).toBe(1 + 1)
    expect(cost({ type: 'string', maxLength: 10 }, "self.contains('abc')")).toBe(1 + 4)
    expect(cost({ type: 'string', maxLength: 10 }, "self.matches('^abcdefg$')")).toBe(1 + 5 * 3)
  })

  test('takes the dearer of two ways, and both sides of a conjunction', () => {
    const schema = { type: 'object', properties: { a: { ...texts, maxItems: 10 }, b: { type: 'boolean' } } }
    const list = cost(schema, 'self.a.all(x, true)')
    const flag = cost(schema, 'self.b')
    expect(cost(schema, 'self.b ? self.a.all(x, true) : self.b')).toBe(flag + list)
    expect(cost(schema, 'self.b && self.a.all(x, true)')).toBe(flag + list)
  })

  test('of a test for presence is that of what is looked into', () => {
    expect(cost({ type: 'object', properties: { a: { type: 'string' } } }, 'has(self.a)')).toBe(1)
  })

  test('is told as a factor of what may be', () => {
    expect(costWords('it', 12, 10)).toContain('it exceeds budget by factor of 1.200000x (')
    expect(costWords('it', 25, 10)).toContain('by factor of 2.5x (')
    expect(costWords('it', 1001, 10)).toContain('by factor of more than 100x (')
  })
})
