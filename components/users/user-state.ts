import type { LocalUser } from '@/contract/people'
import type { Tone } from '../ui/status-label'

/** What keeps a user from signing in, or what is still to be done; the worst first. */
export type UserState = 'disabled' | 'locked' | 'must-change' | 'active'

export const userTones: Record<UserState, Tone> = {
  disabled: 'off',
  locked: 'warning',
  'must-change': 'waiting',
  active: 'good',
}

/** `now` in milliseconds since the epoch. */
export function userStateOf(user: LocalUser, now: number): UserState {
  if (user.disabled) return 'disabled'
  if (user.lockedUntil !== undefined && Date.parse(user.lockedUntil) > now) return 'locked'
  return user.mustChangePassword ? 'must-change' : 'active'
}
