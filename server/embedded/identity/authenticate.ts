import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { forbidden, unauthorized } from '../errors/status-error'
import type { StaticUser, User } from './user'

export type Authenticate = (request: IncomingMessage) => User

const webSocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.'

/** The bearer token of a request: from its header, or, as browsers must, from an offered WebSocket subprotocol. */
export function readBearerToken(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization
  if (header !== undefined) return /^Bearer +(\S+)$/i.exec(header.trim())?.[1] ?? ''
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? []
  const carried = offered.find((protocol) => protocol.startsWith(webSocketTokenPrefix))
  return carried && Buffer.from(carried.slice(webSocketTokenPrefix.length), 'base64url').toString('utf8')
}

/** Knows the static users by their tokens. Throws 401 without a known token and 403 for an impersonation not allowed. */
export function createAuthenticator(users: readonly StaticUser[]): Authenticate {
  // Looked up by hash: comparing takes the same time for every wrong token.
  const byHash = new Map(users.map((user) => [user.tokenSha256.toLowerCase(), user]))
  return (request) => {
    const token = readBearerToken(request)
    const user = token ? byHash.get(createHash('sha256').update(token).digest('hex')) : undefined
    if (!user) throw unauthorized()
    const own: User = { name: user.name, groups: withAuthenticated(user.groups) }
    return impersonated(request, user) ?? own
  }
}

function impersonated(request: IncomingMessage, user: StaticUser): User | undefined {
  const name = headerValues(request, 'impersonate-user')[0]
  const groups = headerValues(request, 'impersonate-group')
  if (name === undefined || name === '') {
    if (groups.length > 0) throw unauthorized()
    return undefined
  }
  if (!user.mayImpersonate && !user.groups.includes('system:masters')) {
    throw forbidden(
      { group: '', name: 'users' },
      name,
      `User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    )
  }
  return { name, groups: withAuthenticated(groups) }
}

function withAuthenticated(groups: readonly string[]): string[] {
  return [...new Set([...groups, 'system:authenticated'])]
}

/** Every value of a header that may be repeated; Node joins repeated ones of these in `rawHeaders` order. */
function headerValues(request: IncomingMessage, name: string): string[] {
  return request.headersDistinct[name] ?? []
}
