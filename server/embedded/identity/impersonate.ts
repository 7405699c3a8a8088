import type { IncomingMessage } from 'node:http'
import { internalError } from '../errors/status-error'
import { anonymous, type Requestor, withAuthenticated } from './authenticate'
import { type Attributes, type Authorizer, refusal } from './authorize'
import { mastersGroup } from './rbac/rbac-authorizer'
import { accountGroups } from './service-accounts/service-account-tokens'
import type { User } from './user'

const impersonation = /^impersonate-/i
const extraPrefix = 'impersonate-extra-'
const authenticationGroup = 'authentication.k8s.io'

interface Wanted {
  name: string
  groups: readonly string[]
  uid: string | undefined
  extra: Record<string, string[]>
}

/**
 * Whom a request is made for: its sender, or the one its `Impersonate-*` headers name (Kubernetes documentation, "User
 * impersonation"). Throws 403 when a rule for the verb `impersonate` is missing.
 */
export function impersonate(request: IncomingMessage, requestor: Requestor, authorizer: Authorizer): User {
  const wanted = readWanted(request)
  if (!wanted) {
    const { mayImpersonate: _may, ...user } = requestor
    return user
  }
  if (!requestor.mayImpersonate && !requestor.groups.includes(mastersGroup)) {
    for (const attributes of permissionsFor(wanted, requestor)) {
      const verdict = authorizer.authorize(attributes)
      if (!verdict.allowed) throw refusal(attributes, verdict)
    }
  }
  return {
    name: wanted.name,
    groups: groupsOf(wanted),
    ...(wanted.uid === undefined ? {} : { uid: wanted.uid }),
    ...(Object.keys(wanted.extra).length > 0 ? { extra: wanted.extra } : {}),
  }
}

function readWanted(request: IncomingMessage): Wanted | undefined {
  // Nearly every request speaks for its sender: that is told without sorting its headers.
  if (!request.rawHeaders.some((text, index) => index % 2 === 0 && impersonation.test(text))) return undefined
  const headers = request.headersDistinct
  const [name = ''] = headers['impersonate-user'] ?? []
  const groups = headers['impersonate-group'] ?? []
  const [uid] = headers['impersonate-uid'] ?? []
  const extra: Record<string, string[]> = {}
  for (const [header, values = []] of Object.entries(headers)) {
    if (header.startsWith(extraPrefix)) extra[decodeKey(header.slice(extraPrefix.length))] = values
  }
  if (name !== '') return { name, groups, uid, extra }
  if (groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0) {
    throw internalError('requested an impersonation of groups, uid or extra without impersonating a user')
  }
  return undefined
}

/** Keys are percent-encoded where a header cannot hold them; what is no such encoding stands for itself. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (error instanceof URIError) return key
    throw error
  }
}

/** Everything that must be allowed, one question each. */
function permissionsFor({ name, groups, uid, extra }: Wanted, user: User): Attributes[] {
  const ask = (
    resource: string,
    value: string,
    more: { group?: string; subresource?: string; namespace?: string } = {},
  ) =>
    ({
      type: 'resource',
      user,
      verb: 'impersonate',
      version: 'v1',
      group: '',
      subresource: '',
      namespace: '',
      ...more,
      resource,
      name: value,
    }) as const
  const account = readAccount(name)
  return [
    account ? ask('serviceaccounts', account.name, { namespace: account.namespace }) : ask('users', name),
    ...groups.map((group) => ask('groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ask('userextras', value, { group: authenticationGroup, subresource: key })),
    ),
    ...(uid === undefined ? [] : [ask('uids', uid, { group: authenticationGroup })]),
  ]
}

function readAccount(name: string): { namespace: string; name: string } | undefined {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? []
  return namespace === undefined || account === undefined ? undefined : { namespace, name: account }
}

/** Everyone is in the group of those who signed in, and service accounts in their own, unless groups are named. */
function groupsOf({ name, groups }: Wanted): string[] {
  if (name === anonymous.name) return [...new Set([...groups, ...anonymous.groups])]
  const account = readAccount(name)
  if (account && groups.length === 0) return withAuthenticated(accountGroups(account.namespace))
  return groups.includes('system:unauthenticated') ? [...groups] : withAuthenticated(groups)
}
