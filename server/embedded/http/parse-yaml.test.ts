import { describe, expect, test } from 'vitest'
import { parseYaml, YamlError } from './parse-yaml'
import { parseBody, repeatedKeysOf } from './read-body'

const parse = (text: string) => parseBody(Buffer.from(text), 'application/yaml')

describe('YAML bodies', () => {
  test.each<[string, unknown]>([
    ['a: yes\nb: No\nc: on\nd: y', { a: true, b: false, c: true, d: true }],
    ['a: yEs', { a: 'yEs' }],
    ['mode: 0644', { mode: 0o644 }],
    ['mode: 0o644\nhex: 0xFF\nless: -1_000', { mode: 0o644, hex: 255, less: -1000 }],
    ['zero: 0\nfloat: 1.5\nexp: 1e3\nnot: 09', { zero: 0, float: 1.5, exp: 1000, not: 9 }],
    ['day: 2001-01-01', { day: '2001-01-01' }],
    ['a: ~\nb: null\nc:', { a: null, b: null, c: null }],
    ['base: &b {x: 1}\nmore:\n  <<: *b\n  z: 2', { base: { x: 1 }, more: { x: 1, z: 2 } }],
    ['text: |\n  one\n  two', { text: 'one\ntwo\n' }],
    ['1: a', { 1: 'a' }],
    ['{"a": 1, "b": [true]}', { a: 1, b: [true] }],
    ['{a: 1}', { a: 1 }],
  ])('%j is %j', (text, value) => {
    expect(parse(text)).toEqual(value)
  })

  test('what an alias repeats is a value of its own', () => {
    const { a, b } = parse('a: &x {n: 1}\nb: *x') as { a: object; b: object } // as the text says
    expect(a).toEqual(b)
    expect(a).not.toBe(b)
  })

  test.each<[string, string]>([
    ['deep brackets', '['.repeat(200_000)],
    ['closed brackets', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['deep keys', '? '.repeat(50_000)],
    ['deep lists', '- '.repeat(50_000)],
    ['deep blocks', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['an infinite number', 'a: .inf'],
    ['a cycle', '&a [*a]'],
    ['two documents', 'a: 1\n---\nb: 2'],
    ['an unknown tag', 'a: !!js/function "x"'],
    ['a prototype', '__proto__: {x: 1}'],
    [
      'a bomb',
      ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
        .concat(Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(10)}]`))
        .join('\n'),
    ],
  ])('%s is refused, and soon', (_what, text) => {
    const start = performance.now()
    expect(() => parse(text)).toThrow(/error converting YAML|nested deeper|not allowed|too large/)
    expect(performance.now() - start).toBeLessThan(5000)
  })

  test('the error says where', () => {
    expect(() => parseYaml('a: 1\nb: [')).toThrow(YamlError)
    expect(() => parseYaml('a: 1\n\tb: 2')).toThrow(/^yaml: line 2: /)
  })

  test('a megabyte of it is read in no time worth speaking of', () => {
    const text = Array.from({ length: 50_000 }, (_, n) => `key${n}: value${n}`).join('\n')
    const start = performance.now()
    expect(Object.keys(parse(text) as object)).toHaveLength(50_000) // a map
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  test('of a repeated key the last value counts, and each is told with its line', () => {
    const text = 'a: 1\nb:\n  c: [{x: 1, x: 2}]\n  "d": {}\n  d:\n    e: 1\na: 2'
    const body = Buffer.from(text)
    expect(parseBody(body, 'application/yaml')).toEqual({ a: 2, b: { c: [{ x: 2 }], d: { e: 1 } } })
    expect(repeatedKeysOf(body)).toEqual([
      'line 3: key "x" already set in map',
      'line 6: key "d" already set in map',
      'line 7: key "a" already set in map',
    ])
    const large = Buffer.from(`a: 1\na: 2\n${Array.from({ length: 20_000 }, (_, n) => `k${n}: v`).join('\n')}`)
    parseBody(large, 'application/yaml')
    expect(repeatedKeysOf(large)).toEqual(['line 2: key "a" already set in map'])
    expect(repeatedKeysOf(Buffer.from('a: 1'))).toEqual([])
  })
})
