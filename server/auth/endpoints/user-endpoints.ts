import { type LocalUser, type LocalUserChange, localUserChange, localUserRequest } from '@/contract/people'
import type { ApiTokens } from '../api-tokens'
import { type LocalUsers, NoSuchUser, type User, UserExists } from '../local-users'
import type { LockOut } from '../lock-out'
import type { PasswordHasher } from '../password-hash'
import { weaknessOf } from '../password-rules'
import { personKeyOf } from '../person'
import type { Profiles } from '../profiles'
import { refusal } from '../refusal'
import type { SessionStore } from '../session-store'
import type { SignInAudit, SignInEvent } from '../sign-in-audit'
import { type Endpoint, noContent, type Reply, readJson, type SignedInExchange, timeOf } from './endpoint'

export interface UserEndpointsOptions {
  users: LocalUsers
  sessions: SessionStore
  apiTokens: ApiTokens
  profiles: Profiles
  hasher: PasswordHasher
  lockOut: LockOut
  audit: SignInAudit
}

/** The local users, for administrators of the console. */
export function createUserEndpoints(options: UserEndpointsOptions): Endpoint[] {
  const { users, sessions, apiTokens, profiles, hasher, lockOut, audit } = options

  const list = (): Reply => ({ code: 200, body: { users: users.all().map(describe) } })

  function describe(user: User): LocalUser {
    const key = keyOf(user)
    const lockedUntil = lockOut.lockedUntil(user.name)
    const { name, displayName, administrator, groups, disabled, mustChangePassword } = user
    return {
      ...{ name, displayName, administrator, groups, disabled, mustChangePassword },
      totp: user.totp !== undefined,
      createdAt: timeOf(user.createdAt),
      ...(user.lastSignInAt !== undefined && { lastSignInAt: timeOf(user.lastSignInAt) }),
      ...(lockedUntil !== undefined && { lockedUntil: timeOf(lockedUntil) }),
      sessions: sessions.list(({ personKey }) => personKey === key).length,
    }
  }

  async function create(exchange: SignedInExchange): Promise<Reply> {
    const { name, password, ...rest } = await readJson(exchange, localUserRequest)
    if (users.get(name)) throw exists(name)
    checkPassword(password, name)
    const passwordHash = await hasher.hash(password)
    const user = await users.create(name, { ...rest, passwordHash }).catch((error: unknown) => {
      throw error instanceof UserExists ? exists(name) : error
    })
    note(exchange, { action: 'user-create', target: name, detail: rest.administrator ? 'administrator' : '' })
    return { code: 201, body: describe(user) }
  }

  async function change(exchange: SignedInExchange): Promise<Reply> {
    const user = find(exchange)
    const wanted = await readJson(exchange, localUserChange)
    refuseLosingOneself(exchange, user, wanted)
    const { password, unlock, endSessions, totp, ...fields } = wanted
    if (password !== undefined) checkPassword(password, user.name)
    const passwordHash = password === undefined ? undefined : await hasher.hash(password)
    const after = await users
      .update(user.name, () => ({
        ...present(fields),
        ...(passwordHash !== undefined && { passwordHash }),
        ...(totp === false && { totp: undefined, pendingTotp: undefined }),
      }))
      .catch(gone)
    if (unlock) lockOut.unlock(user.name)
    if (password !== undefined || endSessions === true || after.disabled || hasLost(user, after)) {
      await sessions.endAll(({ personKey, idHash }) => isTheirs(exchange, user, personKey, idHash), 'revoked')
      apiTokens.endStreams((person) => personKeyOf(person) === keyOf(user))
    }
    note(exchange, { action: 'user-change', target: user.name, detail: Object.keys(wanted).sort().join(', ') })
    return { code: 200, body: describe(after) }
  }

  async function remove(exchange: SignedInExchange): Promise<Reply> {
    const user = find(exchange)
    if (isOneself(exchange, user)) throw refusal(409, 'You cannot delete yourself.')
    const key = keyOf(user)
    await users.delete(user.name)
    await sessions.endAll(({ personKey }) => personKey === key, 'revoked')
    await apiTokens.deleteAll(key)
    await profiles.delete(key)
    lockOut.unlock(user.name)
    note(exchange, { action: 'user-delete', target: user.name, detail: '' })
    return noContent
  }

  function find({ params }: SignedInExchange): User {
    const user = users.get(params[0] ?? '')
    if (!user) throw refusal(404, `There is no user "${params[0]}".`)
    return user
  }

  function note(
    { person, address, requestId }: SignedInExchange,
    event: Pick<SignInEvent, 'action'> & { target: string; detail: string },
  ): void {
    audit({ ...event, outcome: 'success', user: person.user, address, requestId })
  }

  const admin = { access: 'administrator' } as const
  return [
    { method: 'GET', path: /^\/auth\/users$/, ...admin, handle: list },
    { method: 'POST', path: /^\/auth\/users$/, ...admin, handle: create },
    { method: 'PATCH', path: /^\/auth\/users\/([a-z0-9-]{1,63})$/, ...admin, handle: change },
    { method: 'DELETE', path: /^\/auth\/users\/([a-z0-9-]{1,63})$/, ...admin, handle: remove },
  ]
}

const keyOf = ({ uid, name, groups }: User) => personKeyOf({ source: 'password', uid, user: name, groups })

/** Rights that open streams would go on using. */
const hasLost = (before: User, after: User) =>
  (before.administrator && !after.administrator) || before.groups.some((group) => !after.groups.includes(group))

const isOneself = ({ person }: SignedInExchange, user: User) => person.key === keyOf(user)

/** All sessions of a user, but never the one that asks. */
const isTheirs = ({ session }: SignedInExchange, user: User, personKey: string, idHash: string) =>
  personKey === keyOf(user) && idHash !== session.idHash

function refuseLosingOneself(exchange: SignedInExchange, user: User, wanted: LocalUserChange): void {
  if (!isOneself(exchange, user)) return
  if (wanted.disabled) throw refusal(409, 'You cannot disable yourself.')
  if (wanted.administrator === false) throw refusal(409, 'You cannot take administration from yourself.')
}

function checkPassword(password: string, name: string): void {
  const weakness = weaknessOf(password, name)
  if (weakness) throw refusal(422, weakness, [{ reason: 'FieldValueInvalid', field: 'password', message: weakness }])
}

const exists = (name: string) => refusal(409, `There is a user "${name}" already.`)

function gone(error: unknown): never {
  throw error instanceof NoSuchUser ? refusal(404, 'The user was deleted meanwhile.') : error
}

/** Without what was left out of a request. */
function present<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  // Only the undefined ones are gone, which the type says.
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> }
}
