import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Provider from 'oidc-provider'

/** A real OpenID Connect provider on this host, whose one person needs no password. */
export interface ProviderFixture {
  issuer: string
  /** What it says of its person from now on. */
  claims: { sub: string; email: string; email_verified: boolean; groups: string[] }
  /** How often tokens were asked for, by grant. */
  asked: string[]
  /** `refuse` ends what it vouches for; `away` answers nobody; `deny` lets the person say no. */
  mood: 'well' | 'refuse' | 'away' | 'deny'
  stop(): Promise<void>
}

export interface ProviderFixtureOptions {
  redirectUri: string
  postLogoutRedirectUri: string
  clientSecret: string
  /** Seconds that tokens last. */
  ttl: number
}

export async function startProvider(options: ProviderFixtureOptions): Promise<ProviderFixture> {
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> = () => Promise.resolve()
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const fixture: ProviderFixture = {
    issuer,
    claims: { sub: 'p-1', email: 'ada@corp.example', email_verified: true, groups: ['dev'] },
    asked: [],
    mood: 'well',
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const provider = new Provider(issuer, configurationOf(options, fixture))
  const answer = provider.callback()
  handle = async (request, response) => {
    if (fixture.mood === 'away') return void response.destroy()
    if (fixture.mood === 'refuse' && request.url === '/token') return refuse(response)
    if (request.url?.startsWith('/interaction/')) return agree(provider, fixture, request, response)
    await answer(request, response)
  }
  provider.on('grant.success', (context) => {
    // The event's context has the parameters of the token request, by oidc-provider's documentation.
    const { oidc } = context as { oidc: { params: { grant_type: string } } }
    fixture.asked.push(oidc.params.grant_type)
  })
  return fixture
}

function configurationOf(
  { redirectUri, postLogoutRedirectUri, clientSecret, ttl }: ProviderFixtureOptions,
  fixture: ProviderFixture,
) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    clients: [
      {
        client_id: 'chiave',
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [postLogoutRedirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
    cookies: { keys: ['test'] },
    claims: { email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: ttl,
      IdToken: ttl,
      RefreshToken: 3600,
      Session: 3600,
      Grant: 3600,
      Interaction: 60,
      AuthorizationCode: 30,
    },
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => fixture.claims }),
  }
}

async function agree(
  provider: Provider,
  fixture: ProviderFixture,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (fixture.mood === 'deny') {
    return provider.interactionFinished(request, response, { error: 'access_denied' })
  }
  const { params } = await provider.interactionDetails(request, response)
  const accountId = fixture.claims.sub
  const grant = new provider.Grant({ accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  const grantId = await grant.save()
  await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } })
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: 'invalid_grant' }))
}
