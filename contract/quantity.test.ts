import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareQuantities,
  formatBytesQuantity,
  parseQuantity,
  quantityBytes,
  quantityMilli,
  quantityValue,
} from './quantity'

describe('quantities', () => {
  it.each([
    ['64M', 64_000_000n],
    ['64Mi', 67_108_864n],
    ['1.5Gi', 1_610_612_736n],
    ['0.1', 1n],
    ['100m', 1n],
    ['1e3', 1000n],
    ['1E3', 1000n],
    ['1E', 10n ** 18n],
    ['12e-1', 2n],
    ['.5k', 500n],
    ['5.', 5n],
    ['-1500m', -2n],
    ['8Ei', 8n << 60n],
  ])('%s is %s whole units, rounded up', (text, units) => {
    expect(quantityValue(text)).toBe(units)
  })

  it.each(['', 'Mi', '1 Gi', '1gi', '1Kib', '--1', '1.2.3', 'e3', '0x10', '1K', '1e', 'NaN'])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined()
    expect(quantityBytes(text)).toBeUndefined()
  })

  it('rounds what is finer than nano up', () => {
    expect(parseQuantity('0.0000000001')).toBe(1n)
    expect(parseQuantity('1.00000000001n')).toBe(2n)
  })

  it('reads back every number of bytes that it wrote', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 62n }), (bytes) => {
        expect(quantityValue(formatBytesQuantity(bytes))).toBe(bytes)
      }),
    )
  })

  it('orders as the numbers do, whatever the suffix', () => {
    const quantity = fc.tuple(fc.nat(100_000), fc.constantFrom('', 'k', 'Ki', 'M', 'Mi', 'G', 'Gi', 'm'))
    fc.assert(
      fc.property(quantity, quantity, ([a, suffixA], [b, suffixB]) => {
        const factors: Record<string, number> = {
          '': 1,
          k: 1e3,
          Ki: 2 ** 10,
          M: 1e6,
          Mi: 2 ** 20,
          G: 1e9,
          Gi: 2 ** 30,
          m: 0,
        }
        const milli = (n: number, suffix: string) => (suffix === 'm' ? n : n * (factors[suffix] ?? 0) * 1000)
        expect(compareQuantities(`${a}${suffixA}`, `${b}${suffixB}`)).toBe(
          Math.sign(milli(a, suffixA) - milli(b, suffixB)),
        )
      }),
    )
  })

  it('counts CPUs in thousandths', () => {
    expect(quantityMilli('250m')).toBe(250)
    expect(quantityMilli('1.5')).toBe(1500)
    expect(quantityMilli('x')).toBeUndefined()
  })

  it('does not pretend to know bytes beyond what a number holds exactly', () => {
    expect(quantityBytes('8Ei')).toBeUndefined()
    expect(quantityBytes('4Pi')).toBe(4 * 2 ** 50)
  })
})
