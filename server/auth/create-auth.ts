import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { SignInMethods } from '@/contract/people'
import type { SessionInfo } from '@/contract/session'
import type { Connection, Identity } from '@/server/cluster/connection'
import type { RecordStore } from '@/server/records/record-store'
import { createApiTokens } from './api-tokens'
import { createAttemptLimit } from './attempt-limit'
import { type Authenticator, createAuthenticator } from './authenticator'
import { sessionCookie } from './cookies'
import { describeOwner } from './describe-person'
import { createApiTokenEndpoints } from './endpoints/api-token-endpoints'
import { createLinkEndpoints } from './endpoints/link-endpoints'
import { createOidcEndpoints } from './endpoints/oidc-endpoints'
import { createPasswordEndpoints } from './endpoints/password-endpoints'
import { createProfileEndpoints } from './endpoints/profile-endpoints'
import { createProxyEndpoints } from './endpoints/proxy-endpoints'
import { createSessionEndpoints } from './endpoints/session-endpoints'
import { createTokenEndpoints } from './endpoints/token-endpoints'
import { createUserEndpoints } from './endpoints/user-endpoints'
import type { ClusterTraits } from './identity-policy'
import { createLocalUsers } from './local-users'
import { createLockOut } from './lock-out'
import type { LoginLinks } from './login-links'
import { createOidcProvider } from './oidc/oidc-provider'
import type { OidcSettings } from './oidc/oidc-settings'
import { createSessionRefresh } from './oidc/session-refresh'
import { createPasswordCheck } from './password-check'
import { createPasswordHasher } from './password-hash'
import { createPeople } from './people'
import type { StoredPerson } from './person'
import { createProfiles, type Profiles } from './profiles'
import type { OriginPolicy } from './same-origin'
import { createSessionOpener } from './session-opener'
import { createSessionStore } from './session-store'
import { createSignIn, type SignIn } from './sign-in'
import { createSignInAudit, type SignInAudit } from './sign-in-audit'
import { createTokenReviewer } from './token-reviewer'
import { createTrustedProxy, type TrustedProxySettings } from './trusted-proxy'

/** The ways of signing in besides the one-time link; all of it plain JSON. */
export interface SignInSettings {
  oidc?: OidcSettings | undefined
  trustedProxy?: TrustedProxySettings | undefined
  /** Groups whose members administer the console, whoever knows them. */
  adminGroups?: readonly string[] | undefined
}

export interface AuthOptions {
  records: RecordStore
  links: LoginLinks
  port: number
  origins: OriginPolicy
  /** The first one's word about groups counts for the console itself. */
  connections: () => readonly Connection[]
  traitsOf: (cluster: string) => ClusterTraits | undefined
  /** Who comes by a one-time link: the embedded cluster's administrator, or the kubeconfig's own identity. */
  issueIdentity: () => Identity | Promise<Identity>
  about: () => Pick<SessionInfo, 'clusters' | 'version'>
  settings: SignInSettings
  sessionIdleMs?: number | undefined
  sessionAbsoluteMs?: number | undefined
  /** Whoever keeps the audit log besides the log. */
  audit?: SignInAudit | undefined
  log: Logger
  clock: () => number
  /** Below 17: for tests. */
  passwordCost?: number | undefined
}

export interface Auth {
  authenticator: Authenticator
  signIn: SignIn
  profiles: Profiles
  /** Makes a session of what a trusted proxy says about a page's request; resolves with the cookie to set. */
  openByProxy(request: IncomingMessage, requestId: string): Promise<string | undefined>
  sweepSessions(): void
  close(): Promise<void>
}

const signInsPerMinute = 10

/** Everything about who people are: their ways in, sessions, tokens, profiles, and with whose rights they act. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { records, links, origins, connections, settings, log, clock } = options
  const sessionRecords = await records.open('sessions')
  const userRecords = await records.open('users')
  const tokenRecords = await records.open('api-tokens')
  const profileRecords = await records.open('profiles')
  const audit = createSignInAudit(log, options.audit)
  const sessions = createSessionStore({
    ...{ records: sessionRecords, log, clock },
    ...(options.sessionIdleMs !== undefined && { idleMs: options.sessionIdleMs }),
    ...(options.sessionAbsoluteMs !== undefined && { absoluteMs: options.sessionAbsoluteMs }),
  })
  const users = createLocalUsers(userRecords, clock)
  const apiTokens = createApiTokens({ records: tokenRecords, log, clock })
  const profiles = createProfiles(profileRecords)
  const proxy = createTrustedProxy(settings.trustedProxy)
  const providers = new Map(settings.oidc?.providers.map((each) => [each.id, createOidcProvider(each, clock)]))
  const refresh = createSessionRefresh({ providers, sessions, audit, log, clock })
  const people = createPeople({
    users,
    adminGroups: settings.adminGroups ?? [],
    providerAdminGroups: Object.fromEntries([...providers].map(([id, { adminGroups }]) => [id, adminGroups])),
    primaryCluster: connections()[0]?.name,
  })
  const cookie = sessionCookie({ port: options.port, secure: origins.secure })
  const authenticator = createAuthenticator({
    ...{ sessions, apiTokens, people, proxy, cookie, origins, log },
    traitsOf: options.traitsOf,
    keepFresh: refresh.keepFresh,
  })
  const opener = createSessionOpener({ sessions, authenticator, cookie, audit })
  const hasher = createPasswordHasher(options.passwordCost === undefined ? {} : { logN: options.passwordCost })
  const lockOut = createLockOut(clock)
  const check = createPasswordCheck({ users, hasher, lockOut, audit, clock })
  const limited = () => createAttemptLimit(signInsPerMinute, clock)
  const oidc = createOidcEndpoints({
    ...{ providers, opener, audit, log, attempts: createAttemptLimit(3 * signInsPerMinute, clock) },
    cookie: { ...cookie, name: cookie.name.replace('session', 'oidc') },
    publicUrl: settings.oidc?.publicUrl,
  })
  const methods = (): SignInMethods => ({
    methods: [
      ...(users.all().length > 0 ? [{ type: 'password' } as const] : []),
      ...[...providers.values()].map(({ id, displayName }) => ({ type: 'oidc', id, displayName }) as const),
      ...(proxy.enabled ? [{ type: 'proxy' } as const] : []),
      ...[{ type: 'token' } as const, { type: 'link' } as const],
    ],
  })
  const owner = async () => describeOwner(await options.issueIdentity(), connections()[0], log)
  const reviewer = createTokenReviewer(connections, log)
  const signIn = createSignIn({
    ...{ authenticator, origins, addressOf: proxy.addressOf },
    endpoints: [
      ...createSessionEndpoints({
        ...{ authenticator, sessions, opener, audit, methods, about: options.about, providerSignOut: oidc.signOut },
      }),
      ...createLinkEndpoints({ links, attempts: limited(), owner, opener, audit }),
      ...createPasswordEndpoints({ check, opener }),
      ...createTokenEndpoints({ reviewer, attempts: limited(), opener, audit }),
      ...createProxyEndpoints(proxy, opener),
      ...oidc.endpoints,
      ...createProfileEndpoints({ profiles, users, sessions, check, hasher, audit, clock }),
      ...createApiTokenEndpoints({ apiTokens, audit, clock }),
      ...createUserEndpoints({ users, sessions, apiTokens, profiles, hasher, lockOut, audit }),
    ],
  })

  // Whoever wrote the change, on this replica or another: who may no longer has no streams either.
  const unfollow = users.onChange((name) => {
    const isOver = (person: StoredPerson) =>
      person.source === 'password' && person.user === name && !people.resolve(person)
    apiTokens.endStreams(isOver)
    sessions
      .endAll(({ person }) => isOver(person), 'revoked')
      .catch((error: unknown) => log.error({ err: error }, 'the sessions of a user could not be ended'))
  })

  return { authenticator, signIn, profiles, openByProxy, sweepSessions: sweep, close }

  async function openByProxy(request: IncomingMessage, requestId: string): Promise<string | undefined> {
    const claim = proxy.claimOf(request)
    if (!claim) return undefined
    const address = proxy.addressOf(request)
    return opener.open({ request, address, requestId }, { source: 'proxy', ...claim })
  }

  function sweep(): void {
    sessions.sweep()
    apiTokens.sweep()
  }

  async function close(): Promise<void> {
    unfollow()
    refresh.close()
    apiTokens.close()
    await sessions.close()
  }
}
