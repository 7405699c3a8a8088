import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { unauthorized } from '../errors/status-error'
import { readClientCertificate } from './client-certificate'
import { TokenError } from './service-accounts/service-account-tokens'
import type { StaticUser, User } from './user'

export type Authenticate = (request: IncomingMessage) => User

/** Who a request comes from, before it speaks for anyone else. */
export interface Requestor extends User {
  /** Set up to speak for anyone, whatever the rules say. */
  mayImpersonate?: boolean
}

/** Tells whom a token belongs to; undefined when it is none of its kind. Throws a TokenError for one no longer good. */
export type ReadToken = (token: string, audiences?: readonly string[]) => TokenOwner | undefined

export interface TokenOwner {
  user: Requestor
  /** Those of the asked-for audiences that the token is for. */
  audiences: readonly string[]
  /** What the token proves does not change while this process lives. */
  lasting?: boolean
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

const webSocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.'

/** The bearer token of a request: from its header, or, as browsers must, from an offered WebSocket subprotocol. */
export function readBearerToken(request: IncomingMessage): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization?.trim() ?? '')?.[1]
  if (token !== undefined) return token
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? []
  const carried = offered.find((protocol) => protocol.startsWith(webSocketTokenPrefix))
  return carried && Buffer.from(carried.slice(webSocketTokenPrefix.length), 'base64url').toString('utf8')
}

/** Knows the instance's own users by their tokens. */
export function readStaticTokens(users: readonly StaticUser[], issuer: string): ReadToken {
  // Looked up by hash: comparing takes the same time for every wrong token.
  const byHash = new Map(
    users.map(({ name, groups, tokenSha256, mayImpersonate = false }) => [
      tokenSha256.toLowerCase(),
      { name, groups: withAuthenticated(groups), mayImpersonate },
    ]),
  )
  return (token, audiences = [issuer]) => {
    const user = byHash.get(createHash('sha256').update(token).digest('hex'))
    return user && { user, audiences: audiences.filter((audience) => audience === issuer), lasting: true }
  }
}

/**
 * Who last proved themselves on a connection, and by which header. Only the same client's own header is compared, so the
 * comparison tells nobody anything.
 */
const proven = new WeakMap<Socket, { header: string; user: Requestor }>()

/**
 * Who sends a request: by client certificate, else by bearer token, else nobody known (`system:anonymous`). Throws 401
 * for a certificate or token that proves nothing.
 */
export function identify(request: IncomingMessage, readers: readonly ReadToken[]): Requestor {
  const certificate = readClientCertificate(request.socket)
  if (certificate?.user) return certificate.user
  const header = request.headers.authorization
  const before = proven.get(request.socket)
  if (before && before.header === header) return before.user
  const token = readBearerToken(request)
  if (token === undefined) {
    if (certificate) throw unauthorized()
    return anonymous
  }
  try {
    const owner = ownerOf(readers, token)
    if (owner?.lasting && header !== undefined) proven.set(request.socket, { header, user: owner.user })
    if (owner) return owner.user
  } catch (error) {
    if (error instanceof TokenError) throw unauthorized()
    throw error
  }
  throw unauthorized()
}

export function withAuthenticated(groups: readonly string[]): string[] {
  return [...new Set([...groups, 'system:authenticated'])]
}

/** Whose a token is, and which of the asked audiences it is for. Throws a TokenError for one that proves nothing. */
export function ownerOf(
  readers: readonly ReadToken[],
  token: string,
  audiences?: readonly string[],
): TokenOwner | undefined {
  for (const read of readers) {
    const owner = read(token, audiences)
    if (owner && owner.audiences.length > 0) return owner
  }
  return undefined
}
