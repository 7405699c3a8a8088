import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  fetchUserInfo,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client'
import { Agent, fetch as undiciFetch } from 'undici'
import type { StoredPerson } from '../person'
import type { SessionSecrets } from '../session-secrets'
import { type Claims, lacks, personOf, UnusableClaims } from './claims'
import type { OidcProviderSettings } from './oidc-settings'

/** The provider says that the sign-in no longer counts. */
export class ProviderRefused extends Error {}

/** What must come back from the provider as it went there; kept by the person's own browser meanwhile. */
export interface PendingSignIn {
  state: string
  nonce: string
  codeVerifier: string
}

export interface ProvedPerson {
  person: Extract<StoredPerson, { source: 'oidc' }>
  secrets: NonNullable<SessionSecrets['provider']>
}

export interface OidcProvider {
  readonly id: string
  readonly displayName: string
  readonly adminGroups: readonly string[]
  /** Where the browser goes. Rejects when the provider cannot be reached. */
  start(redirectUri: string): Promise<{ url: string; pending: PendingSignIn }>
  /** Who came back. Rejects when the answer is not what was asked for. */
  finish(currentUrl: URL, pending: PendingSignIn): Promise<ProvedPerson>
  /** Rejects with ProviderRefused when the sign-in is over, with anything else when the provider cannot be asked now. */
  refresh(before: ProvedPerson): Promise<ProvedPerson>
  /** Where the browser signs out at the provider; undefined when it has no such place. */
  signOutUrl(secrets: SessionSecrets['provider'], returnTo: string): Promise<string | undefined>
}

type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers

const answerWithinSeconds = 10

/** One OpenID Connect provider: authorization code with PKCE, state and nonce (RFC 9700), refresh, sign-out. */
export function createOidcProvider(settings: OidcProviderSettings, clock: () => number): OidcProvider {
  let found: Promise<Configuration> | undefined

  /** Asked for when first needed, so that the console starts without the provider; a failure is not kept. */
  function configuration(): Promise<Configuration> {
    if (found) return found
    const asking = discover(settings)
    found = asking
    asking.catch(() => {
      if (found === asking) found = undefined
    })
    return asking
  }

  async function describe(config: Configuration, tokens: Tokens, before?: ProvedPerson): Promise<ProvedPerson> {
    const idClaims: Claims = tokens.claims() ?? {}
    const subject = before?.person.subject ?? String(idClaims['sub'] ?? '')
    if (idClaims['sub'] !== undefined && idClaims['sub'] !== subject) throw new UnusableClaims('another subject')
    const ask = config.serverMetadata().userinfo_endpoint !== undefined && lacks(idClaims, settings)
    const more: Claims = ask ? await fetchUserInfo(config, tokens.access_token, subject) : {}
    const claims = { ...more, ...idClaims, sub: subject }
    // A refresh that tells nothing new leaves the person as they were.
    const person = before && lacks(claims, settings) ? before.person : personOf(claims, settings)
    return { person, secrets: secretsOf(tokens, before) }
  }

  function secretsOf(tokens: Tokens, before: ProvedPerson | undefined): ProvedPerson['secrets'] {
    const idToken = tokens.id_token ?? before?.secrets.idToken
    const refreshToken = tokens.refresh_token ?? before?.secrets.refreshToken
    const expiresAt = expiryOf(tokens, refreshToken !== undefined)
    return {
      ...(idToken !== undefined && { idToken }),
      ...(settings.tokenToCluster && { toClusters: true }),
      ...(refreshToken !== undefined && { refreshToken }),
      ...(expiresAt !== undefined && { expiresAt }),
    }
  }

  /** Without a refresh token only a token that clusters take sets an end; the session has its own. */
  function expiryOf(tokens: Tokens, refreshable: boolean): number | undefined {
    const idToken = tokens.claims()?.exp
    const access = tokens.expiresIn()
    const ends = [
      ...(settings.tokenToCluster && idToken !== undefined ? [idToken * 1000] : []),
      ...(refreshable && access !== undefined ? [clock() + access * 1000] : []),
    ]
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  return {
    id: settings.id,
    displayName: settings.displayName,
    adminGroups: settings.adminGroups,
    async start(redirectUri) {
      const config = await configuration()
      const pending = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() }
      const scopes = settings.scopes.includes('openid') ? settings.scopes : ['openid', ...settings.scopes]
      const offered = config.serverMetadata().scopes_supported
      const url = buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: scopes.filter((scope) => offered === undefined || offered.includes(scope)).join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await calculatePKCECodeChallenge(pending.codeVerifier),
        code_challenge_method: 'S256',
        // Providers give a refresh token for offline access only with the person's consent (OpenID Connect Core, 11).
        ...(scopes.includes('offline_access') && offered?.includes('offline_access') && { prompt: 'consent' }),
      })
      return { url: url.href, pending }
    },
    async finish(currentUrl, { state, nonce, codeVerifier }) {
      const config = await configuration()
      const tokens = await authorizationCodeGrant(config, currentUrl, {
        ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true },
      })
      return describe(config, tokens)
    },
    async refresh(before) {
      const { refreshToken } = before.secrets
      if (refreshToken === undefined) throw new ProviderRefused('there is no refresh token')
      const config = await configuration()
      try {
        const after = await describe(config, await refreshTokenGrant(config, refreshToken), before)
        const over = after.secrets.expiresAt !== undefined && after.secrets.expiresAt <= clock()
        if (settings.tokenToCluster && over) throw new ProviderRefused('the provider gave no fresh id token')
        return after
      } catch (error) {
        if (error instanceof ResponseBodyError && error.status < 500) {
          throw new ProviderRefused(error.error, { cause: error })
        }
        if (error instanceof UnusableClaims) throw new ProviderRefused(error.message, { cause: error })
        throw error
      }
    },
    async signOutUrl(secrets, returnTo) {
      const config = await configuration()
      if (config.serverMetadata().end_session_endpoint === undefined) return undefined
      return buildEndSessionUrl(config, {
        post_logout_redirect_uri: returnTo,
        ...(secrets?.idToken !== undefined && { id_token_hint: secrets.idToken }),
      }).href
    },
  }
}

function discover(settings: OidcProviderSettings): Promise<Configuration> {
  const { issuer, clientId, clientSecret, ca, allowInsecureIssuer } = settings
  const dispatcher = ca === undefined ? undefined : new Agent({ connect: { ca } })
  return discovery(
    new URL(issuer),
    clientId,
    undefined,
    clientSecret === undefined ? None() : ClientSecretBasic(clientSecret),
    {
      timeout: answerWithinSeconds,
      ...(allowInsecureIssuer && { execute: [allowInsecureRequests] }),
      ...(dispatcher && {
        [customFetch]: async (url, options) => {
          // Undici's own fetch and Node's differ in their types alone; Node's takes no dispatcher of the package's.
          const init = { ...options, dispatcher } as unknown as Parameters<typeof undiciFetch>[1]
          return (await undiciFetch(url, init)) as unknown as Response
        },
      }),
    },
  )
}
