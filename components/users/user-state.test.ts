import { expect, it } from 'vitest'
import type { LocalUser } from '@/contract/people'
import { userStateOf } from './user-state'

const user: LocalUser = {
  name: 'ada',
  displayName: '',
  administrator: false,
  groups: [],
  disabled: false,
  mustChangePassword: true,
  totp: false,
  createdAt: '2026-01-01T00:00:00Z',
  sessions: 0,
}
const now = Date.parse('2026-01-01T12:00:00Z')

it('tells the worst that keeps a user out', () => {
  const lockedUntil = '2026-01-01T12:01:00Z'
  expect(userStateOf({ ...user, disabled: true, lockedUntil }, now)).toBe('disabled')
  expect(userStateOf({ ...user, lockedUntil }, now)).toBe('locked')
  expect(userStateOf(user, now)).toBe('must-change')
  expect(userStateOf({ ...user, mustChangePassword: false }, now)).toBe('active')
})

it('forgets a lock whose time is over', () => {
  expect(userStateOf({ ...user, lockedUntil: '2026-01-01T11:59:00Z' }, now)).toBe('must-change')
})
