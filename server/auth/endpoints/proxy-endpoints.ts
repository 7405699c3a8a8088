import type { SignInResult } from '@/contract/people'
import type { StoredPerson } from '../person'
import { refusal } from '../refusal'
import type { SessionOpener } from '../session-opener'
import type { TrustedProxy } from '../trusted-proxy'
import type { Endpoint, Exchange, Reply } from './endpoint'

/** Makes a session of what a trusted proxy says about a request. */
export function createProxyEndpoints(proxy: TrustedProxy, opener: SessionOpener): Endpoint[] {
  async function signIn(exchange: Exchange): Promise<Reply> {
    const claim = proxy.claimOf(exchange.request)
    if (!claim) throw refusal(401, 'No trusted proxy says who you are.')
    const person: StoredPerson = { source: 'proxy', ...claim }
    const body: SignInResult = { user: claim.user, mustChangePassword: false }
    return { code: 200, body, cookies: [await opener.open(exchange, person)] }
  }
  return proxy.enabled ? [{ method: 'POST', path: /^\/auth\/proxy$/, access: 'anyone', handle: signIn }] : []
}
