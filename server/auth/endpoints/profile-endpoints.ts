import {
  type PersonSecurity,
  passwordChange,
  profileSchema,
  type RecoveryCodes,
  type TotpEnrolment,
  totpConfirmation,
  totpRemoval,
} from '@/contract/people'
import type { LocalUsers, User } from '../local-users'
import type { PasswordCheck } from '../password-check'
import type { PasswordHasher } from '../password-hash'
import { weaknessOf } from '../password-rules'
import type { Profiles } from '../profiles'
import { refusal } from '../refusal'
import { checkTotp, createRecoveryCodes, createTotpSecret, totpUri } from '../second-factor'
import type { SessionStore } from '../session-store'
import type { SignInAudit } from '../sign-in-audit'
import { type Endpoint, noContent, type Reply, readJson, type SignedInExchange } from './endpoint'

export interface ProfileEndpointsOptions {
  profiles: Profiles
  users: LocalUsers
  sessions: SessionStore
  check: PasswordCheck
  hasher: PasswordHasher
  audit: SignInAudit
  clock: () => number
}

/** What people keep in the console, and a local user's own password and second factor. */
export function createProfileEndpoints(options: ProfileEndpointsOptions): Endpoint[] {
  const { profiles, users, sessions, check, hasher, audit, clock } = options

  const show = ({ person }: SignedInExchange): Reply => ({ code: 200, body: profiles.get(person.key) })

  async function replace(exchange: SignedInExchange): Promise<Reply> {
    const profile = await readJson(exchange, profileSchema)
    await profiles.put(exchange.person.key, profile)
    return { code: 200, body: profile }
  }

  function security({ person }: SignedInExchange): Reply {
    const user = person.stored.source === 'password' ? users.get(person.user) : undefined
    const recoveryCodesLeft = user?.totp?.recoveryCodes.length ?? 0
    const body: PersonSecurity = { password: user !== undefined, totp: user?.totp !== undefined, recoveryCodesLeft }
    return { code: 200, body }
  }

  async function changePassword(exchange: SignedInExchange): Promise<Reply> {
    const user = localUser(users, exchange)
    const { current, next } = await readJson(exchange, passwordChange)
    await check.confirm(exchange, user, current)
    const weakness = next === current ? 'The new password is the current one.' : weaknessOf(next, user.name)
    if (weakness) throw refusal(422, weakness, [{ reason: 'FieldValueInvalid', field: 'next', message: weakness }])
    const passwordHash = await hasher.hash(next)
    await users.update(user.name, () => ({ passwordHash, mustChangePassword: false }))
    const { person, session } = exchange
    await sessions.endAll((each) => each.personKey === person.key && each.idHash !== session.idHash, 'revoked')
    note(exchange, 'password-change')
    return noContent
  }

  async function beginTotp(exchange: SignedInExchange): Promise<Reply> {
    const user = localUser(users, exchange)
    if (user.totp) throw refusal(409, 'Remove the second factor that you have before you set another one up.')
    const secret = createTotpSecret()
    await users.update(user.name, () => ({ pendingTotp: secret }))
    const body: TotpEnrolment = { secret, uri: totpUri(secret, user.name) }
    return { code: 200, body }
  }

  async function confirmTotp(exchange: SignedInExchange): Promise<Reply> {
    const user = localUser(users, exchange)
    const { code } = await readJson(exchange, totpConfirmation)
    const secret = user.pendingTotp
    if (user.totp || secret === undefined) throw refusal(409, 'Begin to set the second factor up first.')
    const lastCounter = checkTotp({ secret, code, after: -1, now: clock() })
    if (lastCounter === undefined) {
      const message = 'This is not the current code. Check that the clock of your device is right.'
      throw refusal(422, message, [{ reason: 'FieldValueInvalid', field: 'code', message }])
    }
    const { codes, hashes } = createRecoveryCodes()
    const totp = { secret, lastCounter, recoveryCodes: hashes }
    await users.update(user.name, (now) => {
      if (now.pendingTotp !== secret || now.totp) throw refusal(409, 'Someone else set a second factor up meanwhile.')
      return { totp, pendingTotp: undefined }
    })
    note(exchange, 'second-factor-change', 'set up')
    const body: RecoveryCodes = { recoveryCodes: codes }
    return { code: 200, body }
  }

  async function removeTotp(exchange: SignedInExchange): Promise<Reply> {
    const user = localUser(users, exchange)
    const { password } = await readJson(exchange, totpRemoval)
    await check.confirm(exchange, user, password)
    await users.update(user.name, () => ({ totp: undefined, pendingTotp: undefined }))
    note(exchange, 'second-factor-change', 'removed')
    return noContent
  }

  function note(
    { person, address, requestId }: SignedInExchange,
    action: 'password-change' | 'second-factor-change',
    detail?: string,
  ): void {
    const { user } = person
    audit({ action, outcome: 'success', user, address, requestId, ...(detail !== undefined && { detail }) })
  }

  const mine = { access: 'signed-in' } as const
  return [
    { method: 'GET', path: /^\/auth\/profile$/, ...mine, beforePasswordChange: true, handle: show },
    { method: 'PUT', path: /^\/auth\/profile$/, ...mine, handle: replace },
    { method: 'GET', path: /^\/auth\/profile\/security$/, ...mine, handle: security },
    {
      ...{ method: 'POST', path: /^\/auth\/profile\/password$/, ...mine, beforePasswordChange: true },
      handle: changePassword,
    },
    { method: 'POST', path: /^\/auth\/profile\/totp$/, ...mine, handle: beginTotp },
    { method: 'PUT', path: /^\/auth\/profile\/totp$/, ...mine, handle: confirmTotp },
    { method: 'DELETE', path: /^\/auth\/profile\/totp$/, ...mine, handle: removeTotp },
  ]
}

function localUser(users: LocalUsers, { person }: SignedInExchange): User {
  const user = person.stored.source === 'password' ? users.get(person.user) : undefined
  if (!user) throw refusal(409, 'Your password and second factor are kept where you sign in, not here.')
  return user
}
