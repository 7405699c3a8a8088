import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { KubeStatus } from '@/contract/kube-object'
import { csrfHeader } from '@/contract/session'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus } from '@/server/proxy/status-response'
import { type CookieSettings, readCookie } from './cookies'
import { compareOrigin, isFromOurPages, isReading, type OriginPolicy } from './same-origin'
import type { Session, SessionStore } from './session-store'

export interface AuthenticatorOptions {
  sessions: SessionStore
  cookie: CookieSettings
  origins: OriginPolicy
  log: Logger
}

export interface Authenticator {
  /** The session of a request's cookie, whoever sent it: enough to show a page, never to answer an API call. */
  sessionOf(request: IncomingMessage): Session | undefined
  /** Why a request with a good cookie is still not its person's wish. */
  refusalOf(request: IncomingMessage, session: Session): KubeStatus | undefined
  /** Who makes an API call, by cookie or bearer token, or the refusal. */
  authenticate(request: IncomingMessage, requestId: string): Caller | KubeStatus
}

export const notSignedIn = () => buildStatus(401, 'You are not signed in.')

/** Answers who makes a call, and refuses what a browser sends in a person's name without their doing. */
export function createAuthenticator({ sessions, cookie, origins, log }: AuthenticatorOptions): Authenticator {
  function sessionOf(request: IncomingMessage): Session | undefined {
    const id = readCookie(request.headers.cookie, cookie.name)
    return id === undefined ? undefined : sessions.find(id)
  }

  function refusalOf(request: IncomingMessage, session: Session): KubeStatus | undefined {
    if (request.headers.upgrade !== undefined) {
      // Browsers send WebSocket handshakes of any page with our cookie; only the Origin tells them apart.
      if (compareOrigin(request, origins) === 'same') return undefined
      return buildStatus(403, 'This stream may be opened from the console’s own pages only.')
    }
    if (!isFromOurPages(request, origins))
      return buildStatus(403, 'This call did not come from the console’s own pages.')
    if (isReading(request)) return undefined
    if (sameSecret(request.headers[csrfHeader], session.csrfToken)) return undefined
    return buildStatus(403, `This call lacks the session’s ${csrfHeader} header; reload the page.`)
  }

  function authenticate(request: IncomingMessage, requestId: string): Caller | KubeStatus {
    const { authorization } = request.headers
    if (authorization !== undefined) return authenticateBearer(request, authorization, requestId)
    const session = sessionOf(request)
    if (!session) return notSignedIn()
    const refusal = refusalOf(request, session)
    if (refusal) {
      log.warn({ requestId, user: session.user, origin: request.headers.origin }, 'cross-site call refused')
      return refusal
    }
    session.touch()
    const { user, identity, ended } = session
    return { user, identity, requestId, ended, touch: () => session.touch() }
  }

  function authenticateBearer(request: IncomingMessage, authorization: string, requestId: string): Caller | KubeStatus {
    const token = /^bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
    if (token === undefined) return notSignedIn()
    if (compareOrigin(request, origins) === 'other') {
      return buildStatus(403, 'This call did not come from the console’s own pages.')
    }
    // The API server checks the token; it has no session here that could end.
    const ended = new AbortController().signal
    return { user: 'token', identity: { type: 'token', token }, requestId, ended, touch: () => undefined }
  }

  return { sessionOf, refusalOf, authenticate }
}

function sameSecret(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
