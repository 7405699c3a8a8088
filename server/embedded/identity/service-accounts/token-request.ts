import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiContext } from '../../api-context'
import type { ApiObject } from '../../api-object'
import { toKubeTime } from '../../clock'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  invalidValue,
  methodNotAllowed,
  notFound,
} from '../../errors/status-error'
import type { ApiRequest } from '../../http/api-request'
import { mediaType, parseBody, readBody } from '../../http/read-body'
import type { ResourceRequestInfo } from '../../http/request-info'
import { sendBody } from '../../http/respond'
import { reader } from '../../write/write-context'
import type { BoundObject, ServiceAccountTokens } from './service-account-tokens'
import { longestLifetime } from './token-lifetime'

const accounts = { group: '', name: 'serviceaccounts' }
const minLifetime = 10 * 60
const maxLifetime = 2 ** 32
const defaultLifetime = 60 * 60

export function isTokenRequest({ group, version, resource, subresource }: ResourceRequestInfo): boolean {
  return group === '' && version === 'v1' && resource === 'serviceaccounts' && subresource === 'token'
}

/** Answers a create of `serviceaccounts/<name>/token` (authentication.k8s.io/v1 TokenRequest). */
export async function answerTokenRequest(
  api: ApiContext,
  tokens: ServiceAccountTokens,
  { request, response, query }: ApiRequest,
  info: ResourceRequestInfo,
): Promise<void> {
  if (info.verb !== 'create') throw methodNotAllowed(accounts, info.verb)
  const body = parseBody(await readBody(request), mediaType(request))
  if (!isJsonObject(body)) throw badRequest('the body is not a Kubernetes object')
  const spec = isJsonObject(body['spec']) ? body['spec'] : {}
  const account = reader(api)({ resource: 'serviceaccounts', namespace: info.namespace, name: info.name })
  if (!account) throw notFound(accounts, info.name)
  const lifetime = readLifetime(spec)
  const audiences = Array.isArray(spec['audiences']) ? spec['audiences'].map(String) : []
  const bound = isJsonObject(spec['boundObjectRef']) ? boundObject(api, account, spec['boundObjectRef']) : undefined
  const order = {
    namespace: info.namespace,
    account: { name: info.name, uid: account.metadata.uid ?? '' },
    audiences: audiences.length > 0 ? audiences : [tokens.issuer],
    lifetime,
    bound,
  }
  const { token, expires } = tokens.issue(order)
  const dryRun = query.has('dryRun')
  await sendBody(request, response, {
    status: 201,
    body: JSON.stringify({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: info.name, namespace: info.namespace, creationTimestamp: toKubeTime(api.clock.now()) },
      spec: {
        audiences: order.audiences,
        expirationSeconds: lifetime,
        boundObjectRef: spec['boundObjectRef'] ?? null,
      },
      status: { token: dryRun ? '' : token, expirationTimestamp: toKubeTime(expires) },
    }),
  })
}

function readLifetime(spec: JsonObject): number {
  const given = spec['expirationSeconds'] ?? defaultLifetime
  const field = 'spec.expirationSeconds'
  const errors: FieldError[] = []
  if (typeof given !== 'number' || !Number.isInteger(given))
    errors.push(invalidValue(field, given, 'must be an integer'))
  else if (given < minLifetime)
    errors.push(invalidValue(field, given, 'may not specify a duration less than 10 minutes'))
  else if (given > maxLifetime)
    errors.push(invalidValue(field, given, 'may not specify a duration larger than 2^32 seconds'))
  if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', name: 'TokenRequest' }, '', errors)
  return Math.min(Number(given), longestLifetime)
}

const bindable: Readonly<Record<string, { resource: string; namespaced: boolean }>> = {
  Pod: { resource: 'pods', namespaced: true },
  Secret: { resource: 'secrets', namespaced: true },
  Node: { resource: 'nodes', namespaced: false },
}

/** The object whose end also ends the token. Throws what the client gets to see when it is not as the request says. */
function boundObject(api: ApiContext, account: ApiObject, ref: JsonObject): BoundObject {
  const kind = String(ref['kind'] ?? '')
  const name = String(ref['name'] ?? '')
  const known = Object.hasOwn(bindable, kind) ? bindable[kind] : undefined
  if (!known || ref['apiVersion'] !== 'v1') {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to object of type ${String(ref['apiVersion'] ?? '')}, Kind=${kind}`,
    )
  }
  const namespace = known.namespaced ? (account.metadata.namespace ?? '') : ''
  const group = { group: '', name: known.resource }
  const object = reader(api)({ resource: known.resource, namespace, name })
  if (!object) throw notFound(group, name)
  const uid = object.metadata.uid ?? ''
  if (ref['uid'] && ref['uid'] !== uid) {
    throw conflict(
      group,
      name,
      `the UID in the bound object reference (${String(ref['uid'])}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  if (kind === 'Pod') checkPod(object, account.metadata.name)
  // Checked above: it is one of the three.
  return { kind: kind as BoundObject['kind'], name, uid }
}

function checkPod(pod: ApiObject, account: string): void {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {}
  const own = spec['serviceAccountName'] ?? 'default'
  if (own === account) return
  throw badRequest(
    `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
  )
}
