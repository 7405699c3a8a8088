import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAddressPool } from './addresses'

const holder = (name: string) => ({ uid: `uid-${name}`, namespace: 'demo', name })

describe('guests’ addresses', () => {
  it('are different, in the network, and outside what the network keeps for itself', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 }), (names) => {
        const pool = createAddressPool(() => [])
        const addresses = names.map((name) => pool.allocate(holder(name)) ?? '')
        expect(new Set(addresses).size).toBe(names.length)
        for (const address of addresses) {
          const [a, b, c, d] = address.split('.').map(Number)
          expect([a, b]).toEqual([10, 42])
          expect((c ?? 0) * 256 + (d ?? 0)).toBeGreaterThanOrEqual(16)
          expect((c ?? 0) * 256 + (d ?? 0)).toBeLessThan(65_535)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('stay with a machine’s name over restarts, unless somebody else has it by then', () => {
    const taken = new Map<string, string>()
    const pool = createAddressPool(() => taken)
    const first = pool.allocate(holder('one'))
    pool.release('uid-one')
    expect(pool.allocate({ ...holder('one'), uid: 'next' })).toBe(first)
    pool.release('next')
    taken.set('other', first ?? '')
    expect(pool.allocate({ ...holder('one'), uid: 'third' })).not.toBe(first)
  })

  it('are taken from the object that holds them after a restart', () => {
    const pool = createAddressPool(() => [])
    expect(pool.allocate({ ...holder('one'), held: '10.42.9.9' })).toBe('10.42.9.9')
  })

  it('end', () => {
    const all = Array.from({ length: 65_536 }, (_, host) => [`${host}`, `10.42.${host >> 8}.${host & 255}`] as const)
    expect(createAddressPool(() => all).allocate(holder('one'))).toBeUndefined()
  })
})
