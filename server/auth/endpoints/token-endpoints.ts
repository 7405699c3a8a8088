import { type SignInResult, tokenSignIn } from '@/contract/people'
import { buildStatus } from '@/server/proxy/status-response'
import { apiTokenPrefix } from '../api-tokens'
import type { AttemptLimit } from '../attempt-limit'
import { Refusal, refusal } from '../refusal'
import type { SessionOpener } from '../session-opener'
import type { SignInAudit } from '../sign-in-audit'
import type { TokenReviewer } from '../token-reviewer'
import { type Endpoint, type Exchange, type Reply, readJson } from './endpoint'

export interface TokenEndpointsOptions {
  reviewer: TokenReviewer
  attempts: AttemptLimit
  opener: SessionOpener
  audit: SignInAudit
}

/** Signing in with a bearer token of a cluster: a service account's, or an identity provider's that the cluster knows. */
export function createTokenEndpoints({ reviewer, attempts, opener, audit }: TokenEndpointsOptions): Endpoint[] {
  async function signIn(exchange: Exchange): Promise<Reply> {
    const { address, requestId } = exchange
    if (!attempts.allow(address)) throw new Refusal(buildStatus(429, 'Too many attempts. Wait a minute.', 60))
    const { token: given, cluster } = await readJson(exchange, tokenSignIn)
    const token = given.trim()
    if (!/^[\w.~+/=-]+$/.test(token) || token.startsWith(apiTokenPrefix))
      throw refused('This is no token of a cluster.')
    const accepted = await reviewer.review(token, cluster)
    if (!accepted) throw refused('No cluster of this console accepts the token.')
    const { user, groups } = accepted
    const person = { source: 'token', cluster: accepted.cluster, user, groups } as const
    const cookie = await opener.open(exchange, person, { tokens: { [accepted.cluster]: token } })
    const body: SignInResult = { user, mustChangePassword: false }
    return { code: 200, body, cookies: [cookie] }

    function refused(message: string): Refusal {
      audit({ action: 'sign-in', outcome: 'failure', user: '', source: 'token', detail: message, address, requestId })
      return refusal(401, message)
    }
  }

  return [{ method: 'POST', path: /^\/auth\/token$/, access: 'anyone', handle: signIn }]
}
