import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiContext } from '../api-context'
import { toKubeTime } from '../clock'
import { badRequest, type FieldError, invalid, invalidValue, methodNotAllowed } from '../errors/status-error'
import type { ApiRequest } from '../http/api-request'
import { mediaType, parseBody, readBody } from '../http/read-body'
import type { ResourceRequestInfo } from '../http/request-info'
import { sendBody } from '../http/respond'
import { ownerOf, type ReadToken } from './authenticate'
import type { Attributes, Authorizer, Verdict } from './authorize'
import { TokenError } from './service-accounts/service-account-tokens'
import type { User } from './user'

interface Asking {
  authorizer: Authorizer
  tokenReaders: readonly ReadToken[]
  user: User
  spec: JsonObject
  namespace: string
}

interface Review {
  kind: string
  /** What is wrong with the question, in Kubernetes' words. */
  validate?(spec: JsonObject, namespace: string): FieldError[]
  answer(asking: Asking): JsonObject
}

const subjectAccess = ({ authorizer, spec }: Asking): JsonObject =>
  verdictStatus(authorizer.authorize(attributesOf(spec, subjectOf(spec))))

const reviews: Readonly<Record<string, Review>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': {
    kind: 'SelfSubjectAccessReview',
    validate: attributeErrors,
    answer: ({ authorizer, user, spec }) => verdictStatus(authorizer.authorize(attributesOf(spec, user))),
  },
  'authorization.k8s.io/subjectaccessreviews': {
    kind: 'SubjectAccessReview',
    validate: (spec) => [...attributeErrors(spec), ...subjectErrors(spec)],
    answer: subjectAccess,
  },
  'authorization.k8s.io/localsubjectaccessreviews': {
    kind: 'LocalSubjectAccessReview',
    validate: (spec, namespace) => [...attributeErrors(spec), ...subjectErrors(spec), ...localErrors(spec, namespace)],
    answer: subjectAccess,
  },
  'authorization.k8s.io/selfsubjectrulesreviews': {
    kind: 'SelfSubjectRulesReview',
    answer({ authorizer, user, spec }) {
      const namespace = spec['namespace']
      if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
      return { ...authorizer.rules(user, namespace) }
    },
  },
  'authentication.k8s.io/selfsubjectreviews': {
    kind: 'SelfSubjectReview',
    answer: ({ user }) => ({ userInfo: userInfo(user) }),
  },
  'authentication.k8s.io/tokenreviews': { kind: 'TokenReview', answer: reviewToken },
}

export function isReview({ group, version, resource }: ResourceRequestInfo): boolean {
  return version === 'v1' && `${group}/${resource}` in reviews
}

/** Answers a question that is put as a create: the object comes back with its status. */
export async function answerReview(
  api: ApiContext,
  tokenReaders: readonly ReadToken[],
  incoming: ApiRequest,
  info: ResourceRequestInfo,
): Promise<void> {
  const review = reviews[`${info.group}/${info.resource}`]
  if (!review || info.verb !== 'create') {
    throw methodNotAllowed({ group: info.group, name: info.resource }, info.verb)
  }
  const body = parseBody(await readBody(incoming.request), mediaType(incoming.request))
  if (!isJsonObject(body)) throw badRequest('the body is not a Kubernetes object')
  const spec = isJsonObject(body['spec']) ? body['spec'] : {}
  const errors = review.validate?.(spec, info.namespace) ?? []
  if (errors.length > 0) throw invalid({ group: info.group, name: review.kind }, '', errors)
  const { authorizer } = api
  const status = review.answer({ authorizer, tokenReaders, user: incoming.user, spec, namespace: info.namespace })
  const metadata = {
    ...(isJsonObject(body['metadata']) ? body['metadata'] : {}),
    creationTimestamp: toKubeTime(api.clock.now()),
  }
  await sendBody(incoming.request, incoming.response, {
    status: 201,
    body: JSON.stringify({ kind: review.kind, apiVersion: `${info.group}/v1`, ...body, metadata, status }),
  })
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined ? {} : { extra }),
  }
}

function reviewToken({ tokenReaders, spec }: Asking): JsonObject {
  const token = text(spec['token'])
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const asked = Array.isArray(spec['audiences']) ? spec['audiences'].map(String) : []
  const audiences = asked.length > 0 ? asked : undefined
  const refused = (error: string) => ({
    user: {},
    error: error === '' ? 'invalid bearer token' : `[invalid bearer token, ${error}]`,
  })
  try {
    const owner = ownerOf(tokenReaders, token, audiences)
    if (!owner) return refused('')
    return { authenticated: true, user: userInfo(owner.user), audiences: [...owner.audiences] }
  } catch (error) {
    if (error instanceof TokenError) return refused(error.message)
    throw error
  }
}

function attributeErrors(spec: JsonObject): FieldError[] {
  const [resource, path] = [isJsonObject(spec['resourceAttributes']), isJsonObject(spec['nonResourceAttributes'])]
  if (resource !== path) return []
  const why = resource
    ? 'cannot be specified in combination with resourceAttributes'
    : 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  const field = resource ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes'
  return [invalidValue(field, spec['nonResourceAttributes'] ?? null, why)]
}

function subjectErrors(spec: JsonObject): FieldError[] {
  const groups = Array.isArray(spec['groups']) ? spec['groups'] : []
  if (text(spec['user']) !== '' || groups.length > 0) return []
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')]
}

function localErrors(spec: JsonObject, namespace: string): FieldError[] {
  const attributes = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {}
  const asked = text(attributes['namespace'])
  if (asked === namespace) return []
  return [invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]
}

function verdictStatus({ allowed, reason }: Verdict): JsonObject {
  return { allowed, ...(reason === undefined ? {} : { reason }) }
}

function subjectOf(spec: JsonObject): User {
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(String) : []
  return { name: text(spec['user']), groups, ...(text(spec['uid']) === '' ? {} : { uid: text(spec['uid']) }) }
}

function attributesOf(spec: JsonObject, user: User): Attributes {
  const path = spec['nonResourceAttributes']
  if (isJsonObject(path)) return { type: 'path', user, verb: text(path['verb']), path: text(path['path']) }
  const resource = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {}
  return {
    type: 'resource',
    user,
    verb: text(resource['verb']),
    group: text(resource['group']),
    version: text(resource['version']),
    resource: text(resource['resource']),
    subresource: text(resource['subresource']),
    namespace: text(resource['namespace']),
    name: text(resource['name']),
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
