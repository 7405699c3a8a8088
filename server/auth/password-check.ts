import { signInReasons } from '@/contract/people'
import { buildStatus } from '@/server/proxy/status-response'
import type { Exchange } from './endpoints/endpoint'
import type { LocalUsers, User } from './local-users'
import type { LockOut } from './lock-out'
import type { PasswordHasher } from './password-hash'
import { Refusal, refusal } from './refusal'
import { useCode } from './second-factor'
import type { SignInAudit } from './sign-in-audit'

export interface PasswordCheck {
  /**
   * The user whom these secrets prove; the same refusal and the same time for a wrong name, a wrong password and a disabled
   * user. Rejects with a Refusal or TooBusy.
   */
  prove(exchange: Exchange, given: { username: string; password: string; code?: string | undefined }): Promise<User>
  /** As `prove`, for someone who is signed in already and need not give a code again. */
  confirm(exchange: Exchange, user: User, password: string): Promise<void>
}

export interface PasswordCheckOptions {
  users: LocalUsers
  hasher: PasswordHasher
  lockOut: LockOut
  audit: SignInAudit
  clock: () => number
}

/** Proves local users by password and second factor, slowly to those who guess. */
export function createPasswordCheck({ users, hasher, lockOut, audit, clock }: PasswordCheckOptions): PasswordCheck {
  /** Counts the attempt before its outcome is known. */
  function enter({ address, requestId }: Exchange, account: string): void {
    const wait = lockOut.enter({ account, address })
    if (wait === 0) return
    audit({ action: 'lock-out', outcome: 'failure', user: account, source: 'password', address, requestId })
    throw tooMany(wait)
  }

  function failed({ address, requestId }: Exchange, account: string, detail: string): Refusal {
    audit({ action: 'sign-in', outcome: 'failure', user: account, source: 'password', detail, address, requestId })
    return refusal(401, 'The name, the password or the code is wrong.')
  }

  /** The user with the code used up. Of two requests with the same code one loses. */
  async function proveCode(user: User, code: string): Promise<User | undefined> {
    let accepted = false
    const after = await users.update(user.name, ({ totp }) => {
      const used = totp && useCode(totp, code, clock())
      accepted = used !== undefined
      return used && { totp: used }
    })
    return accepted ? after : undefined
  }

  async function prove(exchange: Exchange, given: { username: string; password: string; code?: string | undefined }) {
    const account = given.username.trim().toLowerCase()
    const attempt = { account, address: exchange.address }
    enter(exchange, account)
    const user = users.get(account)
    const right = await hasher.verify(given.password, user?.passwordHash)
    if (!user || !right || user.disabled) throw failed(exchange, account, 'password')
    let proved: User | undefined = user
    if (user.totp) {
      if (given.code === undefined) {
        lockOut.withdraw(attempt)
        throw refusal(401, 'A code of your second factor is needed.', [{ reason: signInReasons.codeRequired }])
      }
      proved = await proveCode(user, given.code)
      if (!proved) {
        const { status } = failed(exchange, account, 'code')
        throw new Refusal({ ...status, details: { causes: [{ reason: signInReasons.codeRequired }] } })
      }
    }
    lockOut.succeeded(attempt)
    return rehash(proved, given.password)
  }

  /** Notes the sign-in; a hash that was made with less than today's cost is made anew while the password is at hand. */
  async function rehash(user: User, password: string): Promise<User> {
    const passwordHash = hasher.isWeak(user.passwordHash) ? await hasher.hash(password) : user.passwordHash
    return users.update(user.name, () => ({ lastSignInAt: clock(), passwordHash }))
  }

  return {
    prove,
    async confirm(exchange, user, password) {
      enter(exchange, user.name)
      if (!(await hasher.verify(password, user.passwordHash))) {
        failed(exchange, user.name, 'confirmation')
        throw refusal(403, 'The password is wrong.')
      }
      lockOut.succeeded({ account: user.name, address: exchange.address })
    },
  }
}

function tooMany(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000)
  const words = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
  return new Refusal(buildStatus(429, `Too many attempts. Wait ${words} before the next one.`, seconds))
}
