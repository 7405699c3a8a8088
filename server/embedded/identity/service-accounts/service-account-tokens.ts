import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject, part } from '@/contract/json'
import type { ApiObject } from '../../api-object'
import type { Clock } from '../../clock'
import { peekObject } from '../../storage/log-entry'
import type { ObjectStore } from '../../storage/object-store'
import type { User } from '../user'
import type { SigningKeys } from './signing-keys'

/** Why a token does not prove who its bearer is; the message is for TokenReview and the log. */
export class TokenError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TokenError'
  }
}

export interface BoundObject {
  kind: 'Pod' | 'Secret' | 'Node'
  name: string
  uid: string
}

export interface TokenOrder {
  namespace: string
  account: { name: string; uid: string }
  audiences: readonly string[]
  /** Seconds. */
  lifetime: number
  bound?: BoundObject | undefined
}

export interface TokenParts {
  store: ObjectStore
  clock: Clock
  keys: SigningKeys
  /** The `iss` of tokens, and the audience of this API. */
  issuer: string
}

const legacyIssuer = 'kubernetes/serviceaccount'
const legacyClaim = (name: string) => `kubernetes.io/serviceaccount/${name}`
const resources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const
const invalidated = 'service account token has been invalidated'
const rememberedSignatures = 2000

/** Issues and checks the tokens of service accounts (Kubernetes documentation, "Managing Service Accounts"). */
export class ServiceAccountTokens {
  readonly #parts: TokenParts
  /** Signatures found good; all else about a token is checked each time. */
  readonly #verified = new Map<string, JsonObject>()

  constructor(parts: TokenParts) {
    this.#parts = parts
  }

  get issuer(): string {
    return this.#parts.issuer
  }

  publicKeys(): { keys: object[] } {
    return this.#parts.keys.publicKeys()
  }

  /** Whether a token was signed by a key of this instance that has been replaced since. */
  isOutdated(token: string): boolean {
    const head = decode(token.split('.')[0] ?? '')
    return head !== undefined && this.#parts.keys.isRetired(text(head, 'kid'))
  }

  issue({ namespace, account, audiences, lifetime, bound }: TokenOrder): { token: string; expires: Date } {
    const now = Math.floor(this.#parts.clock.now().getTime() / 1000)
    const token = this.#parts.keys.sign({
      aud: audiences,
      exp: now + lifetime,
      iat: now,
      iss: this.#parts.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(bound ? { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } } : {}),
        serviceaccount: account,
      },
      nbf: now,
      sub: userName(namespace, account.name),
    })
    return { token, expires: new Date((now + lifetime) * 1000) }
  }

  /** A token without end that lives in a Secret, as clusters before 1.24 made for each account. */
  issueLegacy(namespace: string, account: { name: string; uid: string }, secretName: string): string {
    return this.#parts.keys.sign({
      iss: legacyIssuer,
      [legacyClaim('namespace')]: namespace,
      [legacyClaim('secret.name')]: secretName,
      [legacyClaim('service-account.name')]: account.name,
      [legacyClaim('service-account.uid')]: account.uid,
      sub: userName(namespace, account.name),
    })
  }

  /**
   * Who bears a token, and for which of the audiences. Undefined for what is no token of a service account; throws a
   * TokenError for one that is no longer good.
   */
  authenticate(token: string, audiences?: readonly string[]): { user: User; audiences: string[] } | undefined {
    const claims = this.#read(token)
    if (!claims) return undefined
    return claims['iss'] === legacyIssuer
      ? this.#authenticateLegacy(token, claims, audiences)
      : this.#authenticateBound(claims, audiences)
  }

  #authenticateBound(claims: JsonObject, wanted: readonly string[] = [this.#parts.issuer]) {
    const now = this.#parts.clock.now().getTime() / 1000
    if (typeof claims['exp'] !== 'number' || claims['exp'] < now)
      throw new TokenError('service account token has expired')
    // A clock a little behind is no reason to refuse.
    if (typeof claims['nbf'] === 'number' && claims['nbf'] > now + 60) {
      throw new TokenError('service account token is not valid yet')
    }
    const own = Array.isArray(claims['aud']) ? claims['aud'].map(String) : []
    const audiences = wanted.filter((audience) => own.includes(audience))
    if (audiences.length === 0) {
      throw new TokenError(
        `token audiences ${JSON.stringify(own)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
      )
    }
    const about = part(claims, 'kubernetes.io')
    const namespace = text(about, 'namespace')
    const account = part(about, 'serviceaccount')
    this.#requireAccount(namespace, account)
    const extra: Record<string, string[]> = {
      'authentication.kubernetes.io/credential-id': [`JTI=${text(claims, 'jti')}`],
    }
    for (const [kind, resource] of Object.entries(resources)) {
      const bound = about[kind.toLowerCase()]
      if (!isJsonObject(bound)) continue
      this.#requireObject(resource, kind === 'Node' ? '' : namespace, bound)
      if (kind === 'Secret') continue
      extra[`authentication.kubernetes.io/${kind.toLowerCase()}-name`] = [text(bound, 'name')]
      extra[`authentication.kubernetes.io/${kind.toLowerCase()}-uid`] = [text(bound, 'uid')]
    }
    return { user: { ...accountUser(namespace, account), extra }, audiences }
  }

  #authenticateLegacy(token: string, claims: JsonObject, wanted: readonly string[] = [this.#parts.issuer]) {
    const namespace = text(claims, legacyClaim('namespace'))
    const account = {
      name: text(claims, legacyClaim('service-account.name')),
      uid: text(claims, legacyClaim('service-account.uid')),
    }
    if (!wanted.includes(this.#parts.issuer)) throw new TokenError('service account token has no audience')
    const secret = this.#object('secrets', namespace, text(claims, legacyClaim('secret.name')))
    if (!secret || secret.metadata.deletionTimestamp !== undefined) throw new TokenError(invalidated)
    const stored = Buffer.from(text(part(secret, 'data'), 'token'), 'base64').toString('utf8')
    if (stored !== token)
      throw new TokenError('service account token has been invalidated: it does not match its Secret')
    this.#requireAccount(namespace, account)
    return { user: accountUser(namespace, account), audiences: [this.#parts.issuer] }
  }

  #requireAccount(namespace: string, account: JsonObject): void {
    this.#requireObject('serviceaccounts', namespace, account)
  }

  #requireObject(resource: string, namespace: string, named: JsonObject): void {
    const object = this.#object(resource, namespace, text(named, 'name'))
    if (!object || object.metadata.uid !== text(named, 'uid')) throw new TokenError(invalidated)
  }

  #object(resource: string, namespace: string, name: string): ApiObject | undefined {
    const entry = this.#parts.store.get({ resource, namespace, name })
    // Stored bodies are objects with metadata; nothing here changes it.
    return entry && (peekObject(entry.body) as ApiObject)
  }

  /** The claims of a JWS that this server signed. */
  #read(token: string): JsonObject | undefined {
    const known = this.#verified.get(token)
    if (known) return known
    const [header = '', body = '', signature = '', ...rest] = token.split('.')
    const [head, claims] = [decode(header), decode(body)]
    if (rest.length > 0 || !head || !claims || head['alg'] !== 'ES256') return undefined
    if (claims['iss'] !== this.#parts.issuer && claims['iss'] !== legacyIssuer) return undefined
    if (!this.#parts.keys.verify(text(head, 'kid'), `${header}.${body}`, Buffer.from(signature, 'base64url'))) {
      return undefined
    }
    if (this.#verified.size >= rememberedSignatures) this.#verified.clear()
    this.#verified.set(token, claims)
    return claims
  }
}

export function userName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}

/** The groups of every service account in a namespace. */
export function accountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}

function accountUser(namespace: string, account: JsonObject): User {
  return {
    name: userName(namespace, text(account, 'name')),
    uid: text(account, 'uid'),
    groups: [...accountGroups(namespace), 'system:authenticated'],
  }
}

function text(object: JsonObject, field: string): string {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}

function decode(encoded: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    // Any text may be sent as a token: what is no JSON is none of ours.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
