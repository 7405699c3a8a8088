import type { PersonSession, SignInMethods, SignOutResult } from '@/contract/people'
import type { SessionInfo } from '@/contract/session'
import type { Authenticator } from '../authenticator'
import { refusal } from '../refusal'
import type { SessionOpener } from '../session-opener'
import type { SessionStore, SessionSummary } from '../session-store'
import type { SignInAudit } from '../sign-in-audit'
import { type Endpoint, type Exchange, noContent, type Reply, type SignedInExchange, timeOf } from './endpoint'

export interface SessionEndpointsOptions {
  authenticator: Authenticator
  sessions: SessionStore
  opener: SessionOpener
  /** The part of `GET /auth/session` that is the same for everyone. */
  about: () => Pick<SessionInfo, 'clusters' | 'version'>
  methods: () => SignInMethods
  /** Where the browser goes to sign out at the person's identity provider too. */
  providerSignOut: (exchange: SignedInExchange) => Promise<string | undefined>
  audit: SignInAudit
}

/** What a page may know of its session, the person's other sessions, and their ends. */
export function createSessionEndpoints(options: SessionEndpointsOptions): Endpoint[] {
  const { authenticator, sessions, opener, audit } = options

  function show({ session, person }: SignedInExchange): Reply {
    const info: SessionInfo = {
      user: person.user,
      groups: [...person.groups],
      source: person.stored.source,
      administrator: person.administrator,
      mustChangePassword: person.mustChangePassword,
      csrfToken: session.csrfToken,
      expiresAt: timeOf(session.expiresAt()),
      ...options.about(),
    }
    return { code: 200, body: info }
  }

  async function logout(exchange: Exchange): Promise<Reply> {
    const { request, address, requestId } = exchange
    const signedIn = authenticator.sessionOf(request)
    let result: SignOutResult = {}
    if (signedIn) {
      const refused = authenticator.refusalOf(request, signedIn.session)
      if (refused) return { code: refused.code ?? 403, body: refused }
      const redirect = await options.providerSignOut({ ...exchange, ...signedIn })
      result = redirect === undefined ? {} : { redirect }
      await sessions.end(signedIn.session.idHash, 'signedOut')
      const { user, stored } = signedIn.person
      audit({ action: 'sign-out', outcome: 'success', user, source: stored.source, address, requestId })
    }
    return { code: 200, body: result, cookies: [opener.forget] }
  }

  const isOwn =
    ({ person }: SignedInExchange) =>
    (session: SessionSummary) =>
      session.personKey === person.key

  function list(exchange: SignedInExchange): Reply {
    const listed = sessions.list(isOwn(exchange)).map((session) => describe(session, exchange))
    return { code: 200, body: { sessions: listed } }
  }

  async function endOne(exchange: SignedInExchange): Promise<Reply> {
    const [id = ''] = exchange.params
    const [found] = sessions.list((session) => session.idHash === id && isOwn(exchange)(session))
    if (!found) throw refusal(404, 'You have no such session.')
    await sessions.end(id, 'revoked')
    auditEnd(exchange, '1')
    return id === exchange.session.idHash ? { code: 204, cookies: [opener.forget] } : noContent
  }

  async function endOthers(exchange: SignedInExchange): Promise<Reply> {
    const own = isOwn(exchange)
    const ended = await sessions.endAll((each) => own(each) && each.idHash !== exchange.session.idHash, 'revoked')
    auditEnd(exchange, String(ended))
    return noContent
  }

  function auditEnd({ person, address, requestId }: SignedInExchange, detail: string): void {
    const { user } = person
    audit({ action: 'session-end', outcome: 'success', user, target: user, detail, address, requestId })
  }

  const signedIn = { access: 'signed-in', beforePasswordChange: true } as const
  return [
    {
      ...{ method: 'GET', path: /^\/auth\/methods$/, access: 'anyone' },
      handle: () => ({ code: 200, body: options.methods() }),
    },
    { method: 'GET', path: /^\/auth\/session$/, ...signedIn, handle: show },
    { method: 'POST', path: /^\/auth\/logout$/, access: 'anyone', handle: logout },
    { method: 'GET', path: /^\/auth\/sessions$/, access: 'signed-in', handle: list },
    { method: 'DELETE', path: /^\/auth\/sessions$/, access: 'signed-in', handle: endOthers },
    { method: 'DELETE', path: /^\/auth\/sessions\/([0-9a-f]{64})$/, access: 'signed-in', handle: endOne },
  ]
}

function describe(session: SessionSummary, { session: asking }: SignedInExchange): PersonSession {
  return {
    id: session.idHash,
    current: session.idHash === asking.idHash,
    source: session.person.source,
    createdAt: timeOf(session.createdAt),
    lastSeenAt: timeOf(session.lastSeenAt),
    expiresAt: timeOf(session.expiresAt()),
    address: session.address,
    userAgent: session.userAgent,
  }
}
