import { describe, expect, test } from 'vitest'
import { applyMergePatch } from './merge-patch'
import { applyStrategicMerge, StrategicMergeError } from './strategic-merge'

describe('merge patch', () => {
  // The cases of RFC 7396, appendix A.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result)
  })
})

describe('strategic merge patch', () => {
  const pod = {
    metadata: { finalizers: ['a'], labels: { x: '1' } },
    spec: {
      containers: [
        { name: 'one', image: 'a', env: [{ name: 'A', value: '1' }], args: ['x'] },
        { name: 'two', image: 'b' },
      ],
    },
  }
  const patched = (patch: unknown) => applyStrategicMerge(pod, patch)

  test('merges keyed lists by their key and leaves the rest alone', () => {
    const result = patched({ spec: { containers: [{ name: 'one', image: 'c', env: [{ name: 'B', value: '2' }] }] } })
    expect(result).toMatchObject({
      spec: {
        containers: [
          {
            name: 'one',
            image: 'c',
            args: ['x'],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
          },
          { name: 'two', image: 'b' },
        ],
      },
    })
    expect(pod.spec.containers[0]?.image).toBe('a')
  })

  test('replaces lists without a key', () => {
    expect(patched({ spec: { containers: [{ name: 'one', args: ['y'] }] } })).toMatchObject({
      spec: { containers: [{ args: ['y'] }, { name: 'two' }] },
    })
  })

  test('adds to lists of plain values once and deletes from them by directive', () => {
    expect(patched({ metadata: { finalizers: ['b', 'a'] } })).toMatchObject({ metadata: { finalizers: ['a', 'b'] } })
    expect(patched({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toMatchObject({
      metadata: { finalizers: [] },
    })
  })

  test('deletes an element, replaces an object, orders a list and retains keys', () => {
    expect(patched({ spec: { containers: [{ name: 'one', $patch: 'delete' }] } })).toMatchObject({
      spec: { containers: [{ name: 'two' }] },
    })
    expect(patched({ metadata: { $patch: 'replace', labels: { y: '2' } } })['metadata']).toEqual({ labels: { y: '2' } })
    expect(patched({ spec: { '$setElementOrder/containers': [{ name: 'two' }, { name: 'one' }] } })).toMatchObject({
      spec: { containers: [{ name: 'two' }, { name: 'one' }] },
    })
    expect(patched({ metadata: { $retainKeys: ['labels'] } })['metadata']).toEqual({ labels: { x: '1' } })
  })

  test('refuses unknown directives and elements without their key', () => {
    expect(() => patched({ spec: { $patch: 'shuffle' } })).toThrow(StrategicMergeError)
    expect(() => patched({ spec: { containers: [{ image: 'z' }] } })).toThrow('merge key: name')
  })
})
