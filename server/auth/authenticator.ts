import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { KubeStatus } from '@/contract/kube-object'
import { csrfHeader } from '@/contract/session'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus } from '@/server/proxy/status-response'
import { type ApiTokens, apiTokenPrefix } from './api-tokens'
import { type CookieSettings, readCookie } from './cookies'
import { type ClusterTraits, decideIdentity } from './identity-policy'
import type { People } from './people'
import type { Person } from './person'
import { isWithinReadOnly } from './read-only-token'
import { notSignedIn, passwordChangeRequired } from './refusal'
import { compareOrigin, isFromOurPages, isReading, type OriginPolicy } from './same-origin'
import type { Session, SessionStore } from './session-store'
import type { TrustedProxy } from './trusted-proxy'

export interface AuthenticatorOptions {
  sessions: SessionStore
  apiTokens: ApiTokens
  people: People
  proxy: TrustedProxy
  cookie: CookieSettings
  origins: OriginPolicy
  /** How a cluster is reached; undefined when there is none of that name. */
  traitsOf: (cluster: string) => ClusterTraits | undefined
  /** Renews what a provider vouches for; undefined when nothing is due, as a rule. */
  keepFresh: (session: Session) => Promise<KubeStatus | undefined> | undefined
  log: Logger
}

export interface SignedIn {
  session: Session
  person: Person
}

export interface Authenticator {
  /** Takes what proxies claim off a request, before anything reads it. */
  receive(request: IncomingMessage): void
  /** The session of a request's cookie, whoever sent it: enough to show a page, never to answer an API call. */
  sessionOf(request: IncomingMessage): SignedIn | undefined
  /** What to say to a request without session. */
  notSignedIn(request: IncomingMessage): KubeStatus
  /** Why a request with a good cookie is still not its person's wish. */
  refusalOf(request: IncomingMessage, session: Session): KubeStatus | undefined
  /** Who makes an API call, by cookie or bearer token, or the refusal; a promise only when a provider must be asked. */
  authenticate(request: IncomingMessage, requestId: string): Caller | KubeStatus | Promise<Caller | KubeStatus>
}

/** Answers who makes a call, and refuses what a browser sends in a person's name without their doing. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { sessions, apiTokens, people, proxy, cookie, origins, log } = options

  function sessionOf(request: IncomingMessage): SignedIn | undefined {
    const id = readCookie(request.headers.cookie, cookie.name)
    const session = id === undefined ? undefined : sessions.find(id)
    const person = session && people.resolve(session.person)
    if (!session || !person) return undefined
    if (person.stored.source !== 'proxy') return { session, person }
    // The proxy's word is the sign-in: what does not come through it, or comes as another, has none.
    const claim = proxy.claimOf(request)
    if (claim?.user !== person.user) return undefined
    const current = people.resolve({ ...person.stored, groups: claim.groups })
    return current && { session, person: current }
  }

  function endingOf(request: IncomingMessage): KubeStatus {
    const id = readCookie(request.headers.cookie, cookie.name)
    return notSignedIn(id === undefined ? undefined : sessions.endingOf(id))
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

  function authenticate(request: IncomingMessage, requestId: string) {
    const { authorization } = request.headers
    if (authorization !== undefined) return authenticateBearer(request, authorization, requestId)
    const signedIn = sessionOf(request)
    if (!signedIn) return endingOf(request)
    const refusal = refusalOf(request, signedIn.session)
    if (refusal) {
      const { user } = signedIn.person
      log.warn({ requestId, user, origin: request.headers.origin }, 'cross-site call refused')
      return refusal
    }
    if (signedIn.person.mustChangePassword) return passwordChangeRequired()
    const fresh = options.keepFresh(signedIn.session)
    const caller = callerBySession(signedIn, request, requestId)
    return fresh ? fresh.then((status) => status ?? caller) : caller
  }

  function callerBySession({ session, person }: SignedIn, request: IncomingMessage, requestId: string): Caller {
    session.touch()
    return {
      ...about(person, request, requestId),
      source: person.stored.source,
      sessionId: session.idHash,
      identityFor: (cluster) => identityOf(person, cluster, tokenSource(session, cluster)),
      ended: session.ended,
      touch: () => session.touch(),
    }
  }

  const about = (person: Person, request: IncomingMessage, requestId: string) => ({
    user: person.user,
    groups: person.groups,
    personKey: person.key,
    administrator: person.administrator,
    address: proxy.addressOf(request),
    requestId,
  })

  function identityOf(person: Person, cluster: string, token: (() => string | undefined) | undefined) {
    const traits = options.traitsOf(cluster)
    if (!traits) return buildStatus(404, `There is no cluster "${cluster}" here.`)
    return decideIdentity({ person, cluster, traits, token })
  }

  function authenticateBearer(request: IncomingMessage, authorization: string, requestId: string): Caller | KubeStatus {
    const token = /^bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
    if (token === undefined) return notSignedIn()
    if (compareOrigin(request, origins) === 'other') {
      return buildStatus(403, 'This call did not come from the console’s own pages.')
    }
    if (token.startsWith(apiTokenPrefix)) return callerByApiToken(token, request, requestId)
    // The API server checks the token; it has no session here that could end.
    const ended = new AbortController().signal
    return {
      ...{ user: 'token', groups: [], source: 'bearer', personKey: undefined, sessionId: undefined },
      ...{ administrator: false, address: proxy.addressOf(request), requestId, ended, touch: () => undefined },
      identityFor: () => ({ type: 'token', token }),
    }
  }

  function callerByApiToken(secret: string, request: IncomingMessage, requestId: string): Caller | KubeStatus {
    const token = apiTokens.find(secret)
    const person = token && people.resolve(token.person)
    if (!token || !person) return buildStatus(401, 'This API token is unknown, has expired, or was removed.')
    if (person.mustChangePassword) return passwordChangeRequired()
    if (token.readOnly && !isWithinReadOnly(request)) return buildStatus(403, 'This API token is for reading only.')
    token.used()
    return {
      ...about(person, request, requestId),
      ...{ source: 'api-token', sessionId: undefined, ended: token.ended, touch: () => token.used() },
      // A program with a token of the console's is no administrator of the console.
      administrator: false,
      identityFor: (cluster) => identityOf(person, cluster, undefined),
    }
  }

  return { receive: proxy.receive, sessionOf, notSignedIn: endingOf, refusalOf, authenticate }
}

/** The token that a session has for a cluster, as it is when it is asked; undefined when it has none. */
function tokenSource(session: Session, cluster: string): (() => string | undefined) | undefined {
  const read = () => {
    const { tokens, provider } = session.secrets()
    return tokens?.[cluster] ?? (provider?.toClusters ? provider.idToken : undefined)
  }
  const { source } = session.person
  return (source === 'token' || source === 'oidc') && read() !== undefined ? read : undefined
}

function sameSecret(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
