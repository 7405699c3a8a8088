import { describe, expect, it } from 'vitest'
import type { SignInMethod } from '@/contract/people'
import { arrangeWays } from './arrange-ways'

const oidc: SignInMethod = { type: 'oidc', id: 'corp', displayName: 'Corp' }
const all: SignInMethod[] = [{ type: 'link' }, { type: 'password' }, { type: 'token' }, oidc]

describe('the ways of signing in', () => {
  it('begin with the password, and fold the rarer forms away', () => {
    expect(arrangeWays(all, undefined)).toEqual({ open: 'password', buttons: [oidc], folded: ['link', 'token'] })
  })

  it('begin with the way that the person took before', () => {
    expect(arrangeWays(all, 'token').open).toBe('token')
    expect(arrangeWays(all, 'oidc')).toMatchObject({ open: undefined, folded: ['password', 'link', 'token'] })
  })

  it('show the only way there is without a click', () => {
    expect(arrangeWays([{ type: 'link' }], undefined)).toEqual({ open: 'link', buttons: [], folded: [] })
  })

  it('leave room for a provider’s button when there is no password', () => {
    expect(arrangeWays([{ type: 'link' }, oidc], undefined)).toEqual({
      open: undefined,
      buttons: [oidc],
      folded: ['link'],
    })
  })

  it('do not begin with a way that is not offered any more', () => {
    expect(arrangeWays([{ type: 'password' }, { type: 'link' }], 'token').open).toBe('password')
    expect(arrangeWays([{ type: 'link' }], 'oidc').open).toBe('link')
  })
})
