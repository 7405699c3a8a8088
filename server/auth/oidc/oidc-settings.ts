import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { StartError } from '@/server/start-error'

/** One identity provider, with everything that its file names read in. */
export interface OidcProviderSettings {
  /** Part of addresses: `/auth/oidc/<id>/callback`. */
  id: string
  displayName: string
  issuer: string
  clientId: string
  clientSecret?: string | undefined
  scopes: string[]
  usernameClaim: string
  groupsClaim?: string | undefined
  usernamePrefix: string
  groupsPrefix: string
  /** With their prefix. */
  adminGroups: string[]
  /** Whether clusters take the id token themselves, so that nobody is impersonated. */
  tokenToCluster: boolean
  /** PEM of authorities besides the usual ones. */
  ca?: string | undefined
  allowInsecureIssuer: boolean
}

export interface OidcSettings {
  /** `https://host[:port]` under which browsers reach the console, for a proxy that terminates TLS in front of it. */
  publicUrl?: string | undefined
  providers: OidcProviderSettings[]
}

const providerFile = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'small letters, digits and hyphens')
    .default('oidc'),
  displayName: z.string().min(1).max(64).optional(),
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1),
  clientSecretFile: z.string().min(1).optional(),
  scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email', 'groups', 'offline_access']),
  usernameClaim: z.string().min(1).default('sub'),
  groupsClaim: z.string().min(1).optional(),
  /** As in kube-apiserver's flags; `-` means none. */
  usernamePrefix: z.string().optional(),
  groupsPrefix: z.string().optional(),
  adminGroups: z.array(z.string().min(1)).default([]),
  tokenToCluster: z.boolean().default(false),
  ca: z.string().min(1).optional(),
  allowInsecureIssuer: z.boolean().default(false),
})
const settingsFile = z.strictObject({
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  providers: z.array(providerFile).min(1),
})

/** Reads `--oidc-config FILE` (YAML or JSON: `providers`, or one provider by itself). Throws a StartError. */
export function readOidcSettings(path: string): OidcSettings {
  const content = parseFile(path)
  const listed = typeof content === 'object' && content !== null && 'providers' in content
  const { data, error } = settingsFile.safeParse(listed ? content : { providers: [content] })
  if (!data) {
    const issue = error.issues[0]
    throw new StartError(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}.`)
  }
  const ids = data.providers.map(({ id }) => id)
  if (new Set(ids).size < ids.length) throw new StartError(`${path}: each provider needs an id of its own.`)
  const directory = dirname(resolve(path))
  return {
    publicUrl: data.publicUrl === undefined ? undefined : new URL(data.publicUrl).origin,
    providers: data.providers.map((provider) => complete(provider, directory)),
  }
}

function parseFile(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'), { maxAliasCount: 0 })
  } catch (error) {
    throw new StartError(`--oidc-config ${path}: ${error instanceof Error ? error.message.split('\n')[0] : error}`)
  }
}

function complete(provider: z.infer<typeof providerFile>, directory: string): OidcProviderSettings {
  const { clientSecretFile, ca, displayName, usernamePrefix, groupsPrefix, ...rest } = provider
  const insecure = new URL(provider.issuer).protocol === 'http:'
  if (insecure && !(provider.allowInsecureIssuer && isLoopbackUrl(provider.issuer))) {
    throw new StartError(
      `${provider.issuer}: an issuer speaks https; allowInsecureIssuer is for tests on this very host alone.`,
    )
  }
  const prefix = (given: string | undefined) => (given === '-' ? '' : (given ?? `${provider.id}:`))
  return {
    ...rest,
    displayName: displayName ?? new URL(provider.issuer).hostname,
    usernamePrefix: prefix(usernamePrefix),
    groupsPrefix: prefix(groupsPrefix),
    adminGroups: provider.adminGroups.map((group) => `${prefix(groupsPrefix)}${group}`),
    clientSecret: clientSecretFile === undefined ? undefined : readNamed(directory, clientSecretFile).trim(),
    ca: ca === undefined ? undefined : readNamed(directory, ca),
  }
}

function readNamed(directory: string, file: string): string {
  try {
    return readFileSync(resolve(directory, file), 'utf8')
  } catch (error) {
    throw new StartError(
      `${file}, named in --oidc-config, cannot be read: ${error instanceof Error ? error.message : error}`,
    )
  }
}

function isLoopbackUrl(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname)
}
