import type { ServerResponse } from 'node:http'
import { readSmallBody } from '@/server/proxy/request-body'
import type { AttemptLimit } from '../attempt-limit'
import type { LoginLinks } from '../login-links'
import { preferredLanguage, renderLoginPage, renderTooManyAttempts } from '../login-page'
import type { StoredPerson } from '../person'
import type { SessionOpener } from '../session-opener'
import type { SignInAudit } from '../sign-in-audit'
import type { Endpoint, Exchange, Reply } from './endpoint'

export interface LinkEndpointsOptions {
  links: LoginLinks
  attempts: AttemptLimit
  /** Who comes by a one-time link. */
  owner: () => Promise<StoredPerson>
  opener: SessionOpener
  audit: SignInAudit
}

const signInPage = '/sign-in'
const loginLimits = { maxBytes: 4096, timeoutMs: 10_000 }

/** Signing in by one-time link: a page that looking at does not use up, and its form. */
export function createLinkEndpoints(options: LinkEndpointsOptions): Endpoint[] {
  const { links, attempts, opener, audit } = options

  function showLogin({ request, response, nonce, query }: Exchange): Reply {
    const token = query.get('token')
    if (!token) return { location: signInPage }
    const language = preferredLanguage(request.headers['accept-language'])
    sendPage(response, { status: 200, nonce, html: renderLoginPage({ token, nonce, language }) })
    return undefined
  }

  async function login(exchange: Exchange): Promise<Reply> {
    const { request, response, nonce, address, requestId } = exchange
    if (!attempts.allow(address)) {
      const language = preferredLanguage(request.headers['accept-language'])
      sendPage(response, { status: 429, nonce, html: renderTooManyAttempts({ nonce, language }) })
      return undefined
    }
    const form = new URLSearchParams(await readSmallBody(request, loginLimits))
    if (!links.consume(form.get('token') ?? '')) {
      audit({ action: 'sign-in', outcome: 'failure', user: '', source: 'link', address, requestId })
      return { location: `${signInPage}?error=link` }
    }
    return { location: '/', cookies: [await opener.open(exchange, await options.owner())] }
  }

  return [
    { method: 'GET', path: /^\/auth\/login$/, access: 'anyone', handle: showLogin },
    { method: 'POST', path: /^\/auth\/login$/, access: 'anyone', handle: login },
  ]
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
