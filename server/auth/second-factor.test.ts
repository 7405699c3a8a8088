import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { checkTotp, createRecoveryCodes, createTotpSecret, totpUri, useCode } from './second-factor'

const now = 1_700_000_000_000
const codeOf = (secret: string, timestamp = now) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp })

describe('a second factor', () => {
  const secret = createTotpSecret()
  const factor = () => ({ secret, lastCounter: -1, recoveryCodes: createRecoveryCodes().hashes })

  it('takes the codes of now and of half a minute before and after, however they are spaced', () => {
    for (const at of [now - 30_000, now, now + 30_000]) {
      expect(checkTotp({ secret, code: codeOf(secret, at), after: -1, now })).toBe(Math.floor(at / 30_000))
    }
    const spaced = codeOf(secret).replace(/(\d{3})/, '$1 ')
    expect(checkTotp({ secret, code: spaced, after: -1, now })).toBeDefined()
    for (const code of [codeOf(secret, now - 90_000), codeOf(secret, now + 90_000), '', '12345', 'abcdef']) {
      expect(checkTotp({ secret, code, after: -1, now })).toBeUndefined()
    }
  })

  it('takes a code once, and none older than it', () => {
    const used = useCode(factor(), codeOf(secret), now)
    expect(used).toBeDefined()
    if (!used) return
    expect(useCode(used, codeOf(secret), now)).toBeUndefined()
    expect(useCode(used, codeOf(secret, now - 30_000), now)).toBeUndefined()
    expect(useCode(used, codeOf(secret, now + 30_000), now + 30_000)).toBeDefined()
  })

  it('takes each recovery code once, however it is typed, and keeps none of them readable', () => {
    const { codes, hashes } = createRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    const [first = '', second = ''] = codes
    expect(JSON.stringify(hashes)).not.toContain(first)
    const used = useCode({ ...factor(), recoveryCodes: hashes }, first.toUpperCase().replaceAll('-', ' '), now)
    expect(used?.recoveryCodes).toHaveLength(9)
    if (!used) return
    expect(useCode(used, first, now)).toBeUndefined()
    expect(useCode(used, second, now)?.recoveryCodes).toHaveLength(8)
  })

  it('is described for authenticator apps', () => {
    const uri = new URL(totpUri(secret, 'ada'))
    expect(uri.href).toMatch(/^otpauth:\/\/totp\/Chiave:ada\?/)
    expect(uri.searchParams.get('secret')).toBe(secret)
  })
})
