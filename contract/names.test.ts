import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dnsLabelProblem, isDnsLabel, suggestName, toDnsLabel } from './names'

describe('DNS labels', () => {
  test.each([
    ['web-01', undefined],
    ['0', undefined],
    ['', 'empty'],
    ['Web', 'characters'],
    ['a.b', 'characters'],
    ['è', 'characters'],
    ['-a', 'ends'],
    ['a-', 'ends'],
    ['a'.repeat(63), undefined],
    ['a'.repeat(64), 'too-long'],
  ])('says of %j: %s', (name, problem) => {
    expect(dnsLabelProblem(name)).toBe(problem)
  })

  test('any text becomes a label or nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const label = toDnsLabel(text)
        expect(label === '' || isDnsLabel(label)).toBe(true)
      }),
    )
    expect(toDnsLabel('Debian 12 (Bookworm)')).toBe('debian-12-bookworm')
  })
})

describe('suggested names', () => {
  test('are always valid labels of the shape prefix-adjective-animal', () => {
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 0, max: 0.999999, noNaN: true }), (prefix, value) => {
        expect(isDnsLabel(suggestName(prefix, { random: () => value }))).toBe(true)
      }),
    )
    expect(suggestName('debian')).toMatch(/^debian-[a-z]+-[a-z]+$/)
  })

  test('are never taken ones, even when chance is stubborn', () => {
    const taken = new Set<string>()
    for (let count = 0; count < 30; count++) {
      const name = suggestName('a', { taken, random: () => 0.5 })
      expect(taken.has(name)).toBe(false)
      taken.add(name)
    }
  })
})
