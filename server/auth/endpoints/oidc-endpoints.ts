import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { AttemptLimit } from '../attempt-limit'
import { type CookieSettings, formatCookie, readCookie } from '../cookies'
import { UnusableClaims } from '../oidc/claims'
import type { OidcProvider } from '../oidc/oidc-provider'
import { returnPath } from '../return-path'
import type { SessionOpener } from '../session-opener'
import type { SignInAudit } from '../sign-in-audit'
import type { Endpoint, Exchange, Reply, SignedInExchange } from './endpoint'

export interface OidcEndpointsOptions {
  providers: ReadonlyMap<string, OidcProvider>
  /** Like the session's, with another name. */
  cookie: CookieSettings
  /** `https://host[:port]`; left out, as the browser calls us. */
  publicUrl: string | undefined
  attempts: AttemptLimit
  opener: SessionOpener
  audit: SignInAudit
  log: Logger
}

export interface OidcEndpoints {
  endpoints: Endpoint[]
  /** Where the browser signs a person out at their provider; undefined when there is nothing to. */
  signOut(exchange: SignedInExchange): Promise<string | undefined>
}

/** What the browser keeps between leaving for the provider and coming back. */
const pendingCookie = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
})

const pendingSeconds = 10 * 60

/** Reasons that the sign-in page has words for: `/sign-in?error=…`. */
type OidcError = 'oidc-unreachable' | 'oidc-denied' | 'oidc-expired' | 'oidc-failed' | 'oidc-refused' | 'too-many'

/** Leaving for an identity provider and coming back from it. */
export function createOidcEndpoints(options: OidcEndpointsOptions): OidcEndpoints {
  const { providers, cookie, attempts, opener, audit, log } = options
  const forgetPending = formatCookie(cookie, '', 0)

  const originOf = ({ headers }: IncomingMessage) =>
    options.publicUrl ?? `${cookie.secure ? 'https' : 'http'}://${headers.host ?? ''}`

  function failed(error: OidcError, returnTo = '/'): Reply {
    const next = returnTo === '/' ? '' : `&next=${encodeURIComponent(returnTo)}`
    return { location: `/sign-in?error=${error}${next}`, cookies: [forgetPending] }
  }

  async function start({ request, params, query, address }: Exchange): Promise<Reply> {
    const provider = providers.get(params[0] ?? '')
    const returnTo = returnPath(query.get('return'))
    if (!provider) return failed('oidc-failed', returnTo)
    if (!attempts.allow(address)) return failed('too-many', returnTo)
    try {
      const { url, pending } = await provider.start(`${originOf(request)}/auth/oidc/${provider.id}/callback`)
      const kept: z.infer<typeof pendingCookie> = { provider: provider.id, returnTo, ...pending }
      const value = Buffer.from(JSON.stringify(kept)).toString('base64url')
      return { location: url, cookies: [formatCookie(cookie, value, pendingSeconds)] }
    } catch (error) {
      log.warn({ err: error, provider: provider.id }, 'the identity provider cannot be asked')
      return failed('oidc-unreachable', returnTo)
    }
  }

  async function callback(exchange: Exchange): Promise<Reply> {
    const { request, params, query, address, requestId } = exchange
    const pending = readPending(request, cookie)
    const provider = providers.get(params[0] ?? '')
    // Without what this very browser kept, the answer is not to a question of ours.
    if (!provider || pending?.provider !== provider.id || query.get('state') !== pending.state) {
      return failed('oidc-expired')
    }
    const returnTo = returnPath(pending.returnTo)
    const about = { user: '', source: 'oidc', address, requestId }
    if (query.has('error')) {
      const detail = (query.get('error') ?? '').slice(0, 64)
      audit({ action: 'sign-in', outcome: 'failure', ...about, detail })
      return failed('oidc-denied', returnTo)
    }
    try {
      const { person, secrets } = await provider.finish(new URL(`${originOf(request)}${request.url}`), pending)
      const opened = await opener.open(exchange, person, { provider: secrets })
      return { location: returnTo, cookies: [opened, forgetPending] }
    } catch (error) {
      log.warn({ err: error, provider: provider.id, requestId }, 'a sign-in by an identity provider failed')
      audit({ action: 'sign-in', outcome: 'failure', ...about, detail: provider.id })
      return failed(error instanceof UnusableClaims ? 'oidc-refused' : 'oidc-failed', returnTo)
    }
  }

  return {
    endpoints: [
      { method: 'GET', path: /^\/auth\/oidc\/([a-z0-9-]{1,32})\/start$/, access: 'anyone', handle: start },
      { method: 'GET', path: /^\/auth\/oidc\/([a-z0-9-]{1,32})\/callback$/, access: 'anyone', handle: callback },
    ],
    async signOut({ request, session }) {
      const { person } = session
      const provider = person.source === 'oidc' ? providers.get(person.provider) : undefined
      try {
        return await provider?.signOutUrl(session.secrets().provider, `${originOf(request)}/sign-in`)
      } catch (error) {
        // Signing out here must not depend on a provider that is away.
        log.warn({ err: error, provider: provider?.id }, 'the identity provider cannot be asked to sign out')
        return undefined
      }
    },
  }
}

function readPending({ headers }: IncomingMessage, { name }: CookieSettings) {
  const value = readCookie(headers.cookie, name)
  if (value === undefined) return undefined
  try {
    return pendingCookie.safeParse(JSON.parse(Buffer.from(value, 'base64url').toString('utf8'))).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
