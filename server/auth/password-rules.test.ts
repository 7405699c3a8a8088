import { describe, expect, it } from 'vitest'
import { createLockOut } from './lock-out'
import { createPasswordHasher, TooBusy } from './password-hash'
import { weaknessOf } from './password-rules'
import { returnPath } from './return-path'

describe('a password', () => {
  it.each([
    'short1!',
    'aaaaaaaaaaaa',
    '1234567890',
    '98765432109',
    'abababababab',
    'Password123!',
    'P4ssw0rd!!!!',
    'ada-lovelace',
    'Ada-Lovelace1',
    'qwertyuiop',
    'administrator',
    '123changeme123',
    'welcomewelcome',
  ])('is not %s', (password) => {
    expect(weaknessOf(password, 'ada-lovelace')).toMatch(/\.$/)
  })
  it.each(['correct horse battery', 'tre tigri contro tre', 'Xk7-pQ2-vvz', 'münchen im regen'])(
    'may be %s',
    (password) => {
      expect(weaknessOf(password, 'ada-lovelace')).toBeUndefined()
    },
  )

  it('is kept as a salted hash, which takes it alone and in any Unicode form', async () => {
    const hasher = createPasswordHasher({ logN: 10 })
    const [one, other] = [await hasher.hash('caffè corretto'), await hasher.hash('caffè corretto')]
    expect(one).toMatch(/^scrypt\$10\$8\$1\$/)
    expect(one).not.toBe(other)
    expect(await hasher.verify('caffe\u0300 corretto', one)).toBe(true)
    expect(await hasher.verify('caffè correttO', one)).toBe(false)
    expect(await hasher.verify('caffè corretto', undefined)).toBe(false)
    expect(await hasher.verify('caffè corretto', 'scrypt$30$8$1$AA$AA')).toBe(false)
    expect(createPasswordHasher().isWeak(one)).toBe(true)
    expect(hasher.isWeak(one)).toBe(false)
  })

  it('is checked a few at a time, and not at all when too many wait', async () => {
    const hasher = createPasswordHasher({ logN: 12 })
    const tries = await Promise.allSettled(Array.from({ length: 60 }, () => hasher.verify('x', undefined)))
    const refused = tries.filter((each) => each.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.every(({ reason }) => reason instanceof TooBusy)).toBe(true)
  })
})

describe('guessing', () => {
  it('waits longer with every mistake, for names that exist and names that do not', () => {
    let now = 0
    const lockOut = createLockOut(() => now)
    const attempt = { account: 'ada', address: '192.0.2.1' }
    const waits: number[] = []
    for (let at = 0; at < 16; at += 1) {
      expect(lockOut.enter({ ...attempt, address: `192.0.2.${at}` })).toBe(0)
      waits.push(lockOut.waitOf(attempt))
      now += lockOut.waitOf(attempt)
    }
    expect(waits.slice(0, 7)).toEqual([0, 0, 0, 0, 2_000, 4_000, 8_000])
    expect(Math.max(...waits)).toBe(15 * 60_000)
    expect(lockOut.enter(attempt)).toBe(0)
    expect(lockOut.enter(attempt)).toBeGreaterThan(0)
    lockOut.succeeded(attempt)
    expect(lockOut.enter(attempt)).toBe(0)
  })

  it('over many names stops the peer, an IPv6 peer with its whole network', () => {
    const lockOut = createLockOut(() => 0)
    const waits = Array.from({ length: 25 }, (_, at) =>
      lockOut.enter({ account: `user-${at}`, address: `2001:db8::${at}` }),
    )
    expect(waits[19]).toBe(0)
    expect(waits[20]).toBeGreaterThan(0)
    expect(lockOut.waitOf({ account: 'other', address: '2001:db8:1::1' })).toBe(0)
  })
})

describe('the place to return to', () => {
  it('is a page of the console or its start', () => {
    for (const path of ['/', '/c/local/virtual-machines?q=a%20b#x', '/profile']) expect(returnPath(path)).toBe(path)
    for (const path of [
      null,
      '',
      'http://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/.//evil.example',
      '/a/..//evil.example',
      '/auth/logout',
      '/k8s/local/api',
      'javascript:alert(1)',
      '/a\r\nset-cookie: x',
    ]) {
      expect([path, returnPath(path)]).toEqual([path, '/'])
    }
  })
})
