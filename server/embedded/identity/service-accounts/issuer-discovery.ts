import type { ServiceAccountTokens } from './service-account-tokens'

/** What lets others verify service account tokens (OpenID Connect Discovery 1.0, section 3). */
export function issuerDocument(
  tokens: ServiceAccountTokens,
  path: string,
  host: string,
): { body: string; contentType: string } | undefined {
  if (path === '/.well-known/openid-configuration') {
    return {
      contentType: 'application/json',
      body: JSON.stringify({
        issuer: tokens.issuer,
        jwks_uri: `https://${host}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      }),
    }
  }
  if (path !== '/openid/v1/jwks') return undefined
  return { contentType: 'application/jwk-set+json', body: JSON.stringify(tokens.publicKeys()) }
}
