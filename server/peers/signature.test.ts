import { describe, expect, test } from 'vitest'
import { chooseOwner } from './rendezvous'
import { createCallVerifier, signCall } from './signature'

const key = Buffer.alloc(32, 1)
const call = { method: 'GET', url: '/consoles/a/b/c/vnc?x=1', to: 'boot-two', clientAddress: '2001:db8::1' }

describe('the proof of a replica', () => {
  test('holds once, for the very request, receiver and time that it was made for', () => {
    let now = 1_000_000
    const { verify } = createCallVerifier(() => now)
    const header = signCall(call, key, now)
    const { clientAddress: _address, ...bare } = call
    expect(verify(header, { ...bare, method: 'POST' }, key)).toBeUndefined()
    expect(verify(header, { ...bare, url: '/consoles/a/b/d/vnc?x=1' }, key)).toBeUndefined()
    expect(verify(header, { ...bare, to: 'boot-three' }, key)).toBeUndefined()
    expect(verify(header, bare, Buffer.alloc(32, 2))).toBeUndefined()
    expect(
      verify(
        header.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
        bare,
        key,
      ),
    ).toBeUndefined()
    const [version, time, nonce, , proof] = header.split('.')
    const otherAddress = Buffer.from('127.0.0.1').toString('base64url')
    expect(verify([version, time, nonce, otherAddress, proof].join('.'), bare, key)).toBeUndefined()
    now += 59_000
    expect(verify(header, bare, key)).toBe('2001:db8::1')
    expect(verify(header, bare, key)).toBeUndefined()
    const late = signCall(call, key, now)
    now += 61_000
    expect(verify(late, bare, key)).toBeUndefined()
  })

  test('is refused in any other form', () => {
    const { verify } = createCallVerifier(Date.now)
    for (const header of ['', 'v1', 'v2.1.a.b.c', `v1.1.${'a'.repeat(22)}..`, 'x'.repeat(10_000)]) {
      expect(verify(header, call, key)).toBeUndefined()
    }
  })
})

describe('the owner of a key', () => {
  const keys = Array.from({ length: 3_000 }, (_, index) => `/consoles/local/default/vm-${index}`)

  test('is the same for everyone, evenly chosen, and moves only when it goes itself', () => {
    const all = ['a', 'b', 'c']
    const before = keys.map((name) => chooseOwner(all, name))
    expect(keys.map((name) => chooseOwner(all.toReversed(), name))).toEqual(before)
    for (const one of all) {
      const share = before.filter((owner) => owner === one).length / keys.length
      expect(share).toBeGreaterThan(0.28)
      expect(share).toBeLessThan(0.39)
    }
    const after = keys.map((name) => chooseOwner(['a', 'b'], name))
    keys.forEach((_, index) => {
      if (before[index] !== 'c') expect(after[index]).toBe(before[index])
    })
    expect(chooseOwner([], 'a')).toBeUndefined()
  })
})
