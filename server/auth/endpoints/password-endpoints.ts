import { passwordSignIn, type SignInResult } from '@/contract/people'
import type { PasswordCheck } from '../password-check'
import type { SessionOpener } from '../session-opener'
import { type Endpoint, type Exchange, type Reply, readJson } from './endpoint'

export interface PasswordEndpointsOptions {
  check: PasswordCheck
  opener: SessionOpener
}

/** Signing in as a local user. */
export function createPasswordEndpoints({ check, opener }: PasswordEndpointsOptions): Endpoint[] {
  async function signIn(exchange: Exchange): Promise<Reply> {
    const user = await check.prove(exchange, await readJson(exchange, passwordSignIn))
    // Groups are looked up anew at every call; these are for lists of sessions alone.
    const { uid, name, groups } = user
    const cookie = await opener.open(exchange, { source: 'password', uid, user: name, groups })
    const body: SignInResult = { user: name, mustChangePassword: user.mustChangePassword }
    return { code: 200, body, cookies: [cookie] }
  }

  return [{ method: 'POST', path: /^\/auth\/password$/, access: 'anyone', handle: signIn }]
}
