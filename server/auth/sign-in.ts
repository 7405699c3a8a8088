import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { SessionInfo } from '@/contract/session'
import { BodyRefused, readSmallBody } from '@/server/proxy/request-body'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'
import type { AttemptLimit } from './attempt-limit'
import { type Authenticator, notSignedIn } from './authenticator'
import { type CookieSettings, formatCookie } from './cookies'
import type { LoginLinks } from './login-links'
import { preferredLanguage, renderLoginPage, renderTooManyAttempts } from './login-page'
import { isFromOurPages, isReading, type OriginPolicy } from './same-origin'
import type { SessionStore, SignedInPerson } from './session-store'

export interface SignInOptions {
  authenticator: Authenticator
  sessions: SessionStore
  links: LoginLinks
  cookie: CookieSettings
  origins: OriginPolicy
  attempts: AttemptLimit
  /** Who a person becomes that comes by a one-time link. */
  issueIdentity: () => SignedInPerson | Promise<SignedInPerson>
  /** The part of `GET /auth/session` that is the same for everyone. */
  about: Pick<SessionInfo, 'clusters' | 'version'>
  log: Logger
}

/** One request's id and the nonce of its Content-Security-Policy. */
export interface RequestMarks {
  requestId: string
  nonce: string
}

export interface SignIn {
  /** Answers `/auth/…`. */
  handle(request: IncomingMessage, response: ServerResponse, marks: RequestMarks): Promise<void>
}

const signInPage = '/sign-in'
const loginLimits = { maxBytes: 4096, timeoutMs: 10_000 }

/** Signing in by one-time link, signing out, and what a page may know of its session. */
export function createSignIn(options: SignInOptions): SignIn {
  const { sessions, links, cookie, origins, attempts, log } = options
  const { sessionOf, refusalOf } = options.authenticator

  function showLogin(request: IncomingMessage, response: ServerResponse, { nonce }: RequestMarks): void {
    const token = new URLSearchParams(request.url?.split('?', 2)[1]).get('token')
    if (!token) return redirect(response, signInPage)
    const language = preferredLanguage(request.headers['accept-language'])
    sendPage(response, { status: 200, nonce, html: renderLoginPage({ token, nonce, language }) })
  }

  async function login(request: IncomingMessage, response: ServerResponse, marks: RequestMarks): Promise<void> {
    if (!isFromOurPages(request, origins)) {
      return sendStatus(response, buildStatus(403, 'Signing in starts with the link itself.'))
    }
    if (!attempts.allow(request.socket.remoteAddress)) {
      const { nonce } = marks
      const language = preferredLanguage(request.headers['accept-language'])
      return sendPage(response, { status: 429, nonce, html: renderTooManyAttempts({ nonce, language }) })
    }
    const form = new URLSearchParams(await readSmallBody(request, loginLimits))
    if (!links.consume(form.get('token') ?? '')) {
      log.warn({ requestId: marks.requestId, peer: request.socket.remoteAddress }, 'sign-in refused')
      return redirect(response, `${signInPage}?error=link`)
    }
    const before = sessionOf(request)
    const { id, session } = await sessions.create(await options.issueIdentity())
    if (before) await sessions.revoke(before.idHash)
    log.info({ audit: true, requestId: marks.requestId, user: session.user }, 'signed in')
    // The browser may forget the cookie at the latest when the server would; until then the server decides.
    response.setHeader('set-cookie', formatCookie(cookie, id, 7 * 24 * 60 * 60))
    redirect(response, '/')
  }

  async function logout(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const session = sessionOf(request)
    if (session) {
      const refusal = refusalOf(request, session)
      if (refusal) return sendStatus(response, refusal)
      await sessions.revoke(session.idHash)
      log.info({ audit: true, requestId, user: session.user }, 'signed out')
    }
    response.setHeader('set-cookie', formatCookie(cookie, '', 0))
    response.writeHead(204, { 'cache-control': 'no-store' }).end()
  }

  function showSession(request: IncomingMessage, response: ServerResponse): void {
    const session = sessionOf(request)
    if (!session) return sendStatus(response, notSignedIn())
    const refusal = refusalOf(request, session)
    if (refusal) return sendStatus(response, refusal)
    const { user, groups, csrfToken } = session
    const expiresAt = new Date(session.expiresAt()).toISOString()
    const info: SessionInfo = { user, groups: [...groups], csrfToken, expiresAt, ...options.about }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(info))
  }

  async function handle(request: IncomingMessage, response: ServerResponse, marks: RequestMarks): Promise<void> {
    const path = request.url?.split('?', 1)[0]
    try {
      if (path === '/auth/login' && isReading(request)) return showLogin(request, response, marks)
      if (path === '/auth/login' && request.method === 'POST') return await login(request, response, marks)
      if (path === '/auth/logout' && request.method === 'POST') return await logout(request, response, marks.requestId)
      if (path === '/auth/session' && isReading(request)) return showSession(request, response)
    } catch (error) {
      if (error instanceof BodyRefused) return sendStatus(response, buildStatus(error.code, error.message))
      throw error
    }
    sendStatus(response, buildStatus(404, `There is no ${request.method} ${path}.`))
  }

  return { handle }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end()
}

function sendPage(response: ServerResponse, page: { status: number; nonce: string; html: string }): void {
  const { status, nonce, html } = page
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  })
  response.end(html)
}
