import type { Authenticator } from './authenticator'
import { type CookieSettings, formatCookie } from './cookies'
import type { Exchange } from './endpoints/endpoint'
import type { StoredPerson } from './person'
import type { SessionSecrets } from './session-secrets'
import type { SessionStore } from './session-store'
import type { SignInAudit } from './sign-in-audit'

export interface SessionOpener {
  /** Signs a person in on a browser, in place of whoever was before; resolves with the cookie to set. */
  open(
    exchange: Pick<Exchange, 'request' | 'address' | 'requestId'>,
    person: StoredPerson,
    secrets?: SessionSecrets,
  ): Promise<string>
  /** The cookie that makes a browser forget. */
  readonly forget: string
}

export interface SessionOpenerOptions {
  sessions: SessionStore
  authenticator: Authenticator
  cookie: CookieSettings
  audit: SignInAudit
}

/** The browser may forget the cookie at the latest when the server would; until then the server decides. */
const cookieSeconds = 7 * 24 * 60 * 60

/** The last step of every way of signing in. */
export function createSessionOpener({ sessions, authenticator, cookie, audit }: SessionOpenerOptions): SessionOpener {
  return {
    async open({ request, address, requestId }, person, secrets) {
      const before = authenticator.sessionOf(request)
      const userAgent = request.headers['user-agent'] ?? ''
      const { id } = await sessions.create({ person, address, userAgent, ...(secrets && { secrets }) })
      // A fresh id after every sign-in, so that nobody waits in a session that they had put into a browser before.
      if (before) await sessions.end(before.session.idHash, 'signedOut')
      const { user, source } = person
      audit({ action: 'sign-in', outcome: 'success', user, source, address, requestId })
      return formatCookie(cookie, id, cookieSeconds)
    },
    forget: formatCookie(cookie, '', 0),
  }
}
