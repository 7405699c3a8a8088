import type { StoredPerson } from '../person'
import type { OidcProviderSettings } from './oidc-settings'

/** The provider's words do not make a person of this console; the message is for the log. */
export class UnusableClaims extends Error {}

export type Claims = Readonly<Record<string, unknown>>

type OidcPerson = Extract<StoredPerson, { source: 'oidc' }>

const maxName = 256
const maxGroups = 500

/** Who the claims are about, named as a kube-apiserver with the same settings would. Throws UnusableClaims. */
export function personOf(claims: Claims, settings: OidcProviderSettings): OidcPerson {
  const { usernameClaim, usernamePrefix, groupsClaim, groupsPrefix } = settings
  const name = claims[usernameClaim]
  if (typeof name !== 'string' || !isUsable(name)) throw new UnusableClaims(`no usable claim ${usernameClaim}`)
  // As kube-apiserver has it: an address that nobody verified could be anyone's.
  if (usernameClaim === 'email' && claims['email_verified'] === false) {
    throw new UnusableClaims('the e-mail address is not verified')
  }
  const subject = claims['sub']
  if (typeof subject !== 'string' || subject === '') throw new UnusableClaims('no subject')
  const user = `${usernamePrefix}${name}`
  if (user.toLowerCase().startsWith('system:')) throw new UnusableClaims('a name of Kubernetes’ own')
  const groups = groupsOf(groupsClaim === undefined ? [] : claims[groupsClaim]).map(
    (group) => `${groupsPrefix}${group}`,
  )
  return { source: 'oidc', provider: settings.id, subject, user, groups }
}

/** Whether a name is told by these claims, or must be asked for. */
export const lacks = (claims: Claims, { usernameClaim, groupsClaim }: OidcProviderSettings) =>
  claims[usernameClaim] === undefined || (groupsClaim !== undefined && claims[groupsClaim] === undefined)

function groupsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return list.filter((group): group is string => typeof group === 'string' && isUsable(group)).slice(0, maxGroups)
}

const isUsable = (name: string) => name.trim() !== '' && name.length <= maxName && !/[\p{Cc}\u2028\u2029]/u.test(name)
