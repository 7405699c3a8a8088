import { describe, expect, it } from 'vitest'
import { signInReasons } from '@/contract/people'
import { createWords } from '../i18n/language-provider'
import type { Translate } from '../i18n/use-t'
import { explainSignOut } from './reasons'

const words = createWords('en')
const t: Translate = (key, values) => words.t(key, values ?? {})

describe('why one is asked to sign in', () => {
  it('is told for every way in which the server ends a session', () => {
    const endings = [
      signInReasons.expired,
      signInReasons.revoked,
      signInReasons.providerEnded,
      signInReasons.signedOut,
    ] as const
    const titles = endings.map((reason) => explainSignOut({ reason }, t)?.title)
    expect(new Set(titles).size).toBe(endings.length)
    expect(titles).not.toContain(undefined)
  })

  it('is nothing when nobody was signed in before', () => {
    expect(explainSignOut({}, t)).toBeUndefined()
    expect(explainSignOut({ reason: signInReasons.codeRequired }, t)).toBeUndefined()
  })

  it('never shows what somebody wrote into the address', () => {
    const written = explainSignOut({ error: 'Call +39 555 to unlock your account' }, t)
    expect(JSON.stringify(written)).not.toContain('555')
    expect(explainSignOut({ reason: 'constructor' }, t)).toBeUndefined()
    expect(explainSignOut({ error: 'constructor' }, t)?.title).toBe('Signing in did not work')
  })
})
