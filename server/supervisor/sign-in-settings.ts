import fs from 'node:fs'
import type { SignInSettings } from '../auth/create-auth'
import { readOidcSettings } from '../auth/oidc/oidc-settings'
import type { Config } from '../config'
import { StartError } from '../start-error'

/**
 * The ways of signing in that the command line sets up, with everything that their files hold: the console may run as a
 * user who cannot read them. Throws a StartError.
 */
export function readSignInSettings({ signIn }: Pick<Config, 'signIn'>): SignInSettings {
  const { oidcConfig, trustedProxies, proxyUserHeader, proxyGroupsHeader, proxySecretFile, adminGroups } = signIn
  return {
    adminGroups,
    ...(oidcConfig !== undefined && { oidc: readOidcSettings(oidcConfig) }),
    ...(trustedProxies.length > 0 && {
      trustedProxy: {
        peers: trustedProxies,
        userHeader: proxyUserHeader,
        ...(proxyGroupsHeader !== undefined && { groupsHeader: proxyGroupsHeader }),
        ...(proxySecretFile !== undefined && { secret: readSecret(proxySecretFile) }),
      },
    }),
  }
}

function readSecret(file: string): string {
  let secret: string
  try {
    secret = fs.readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new StartError(`--proxy-secret-file: ${error instanceof Error ? error.message : String(error)}`)
  }
  // Who can guess it can be anyone.
  if (secret.length < 16) throw new StartError(`--proxy-secret-file: ${file} has fewer than 16 characters.`)
  return secret
}
