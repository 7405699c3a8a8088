import { apiTokenRequest, type CreatedApiToken, type PersonApiToken } from '@/contract/people'
import type { ApiToken, ApiTokens } from '../api-tokens'
import { refusal } from '../refusal'
import type { SignInAudit } from '../sign-in-audit'
import { type Endpoint, noContent, type Reply, readJson, type SignedInExchange, timeOf } from './endpoint'

export interface ApiTokenEndpointsOptions {
  apiTokens: ApiTokens
  audit: SignInAudit
  clock: () => number
}

const day = 24 * 60 * 60 * 1000
const maxTokens = 50

/** A person's own tokens for programs. */
export function createApiTokenEndpoints({ apiTokens, audit, clock }: ApiTokenEndpointsOptions): Endpoint[] {
  const list = ({ person }: SignedInExchange): Reply => ({
    code: 200,
    body: { tokens: apiTokens.list(person.key).map(describe) },
  })

  async function create(exchange: SignedInExchange): Promise<Reply> {
    const { person, address, requestId } = exchange
    if (person.stored.source === 'token' || person.stored.source === 'proxy') {
      throw refusal(409, 'Use the token that you signed in with; only who signs in by name here can have others.')
    }
    const { name, expiresInDays, readOnly } = await readJson(exchange, apiTokenRequest)
    const own = apiTokens.list(person.key)
    if (own.length >= maxTokens) throw refusal(409, `A person has at most ${maxTokens} tokens; remove one first.`)
    const expiresAt = clock() + expiresInDays * day
    const { token, secret } = await apiTokens.create(person.stored, { name, readOnly, expiresAt })
    const { user } = person
    audit({ action: 'api-token-create', outcome: 'success', user, target: name, address, requestId })
    const body: CreatedApiToken = { ...describe(token), secret }
    return { code: 201, body }
  }

  async function remove({ person, params, address, requestId }: SignedInExchange): Promise<Reply> {
    const [id = ''] = params
    const name = apiTokens.list(person.key).find((token) => token.id === id)?.name
    if (name === undefined || !(await apiTokens.delete(person.key, id))) throw refusal(404, 'You have no such token.')
    const { user } = person
    audit({ action: 'api-token-delete', outcome: 'success', user, target: name, address, requestId })
    return noContent
  }

  const mine = { access: 'signed-in' } as const
  return [
    { method: 'GET', path: /^\/auth\/api-tokens$/, ...mine, handle: list },
    { method: 'POST', path: /^\/auth\/api-tokens$/, ...mine, handle: create },
    { method: 'DELETE', path: /^\/auth\/api-tokens\/([0-9a-f]{64})$/, ...mine, handle: remove },
  ]
}

function describe({ id, name, readOnly, createdAt, expiresAt, lastUsedAt }: ApiToken): PersonApiToken {
  return {
    ...{ id, name, readOnly, createdAt: timeOf(createdAt), expiresAt: timeOf(expiresAt) },
    ...(lastUsedAt !== undefined && { lastUsedAt: timeOf(lastUsedAt) }),
  }
}
