import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiContext } from '../api-context'
import { toKubeTime } from '../clock'
import { badRequest, methodNotAllowed } from '../errors/status-error'
import type { ApiRequest } from '../http/api-request'
import { mediaType, parseBody, readBody } from '../http/read-body'
import type { ResourceRequestInfo } from '../http/request-info'
import { sendBody } from '../http/respond'
import type { Attributes, Authorizer, Verdict } from './authorize'
import type { User } from './user'

type Answer = (asking: { authorizer: Authorizer; user: User; spec: JsonObject; namespace: string }) => JsonObject

const answers: Readonly<Record<string, Answer>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': ({ authorizer, user, spec }) =>
    verdictStatus(authorizer.authorize(attributesOf(spec, user))),
  'authorization.k8s.io/subjectaccessreviews': ({ authorizer, spec }) =>
    verdictStatus(authorizer.authorize(attributesOf(spec, subjectOf(spec)))),
  'authorization.k8s.io/localsubjectaccessreviews': ({ authorizer, spec }) =>
    verdictStatus(authorizer.authorize(attributesOf(spec, subjectOf(spec)))),
  'authorization.k8s.io/selfsubjectrulesreviews': ({ authorizer, user, spec }) => {
    const namespace = spec['namespace']
    if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
    return { ...authorizer.rules(user, namespace) }
  },
  'authentication.k8s.io/selfsubjectreviews': ({ user }) => ({
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: [...user.groups],
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
  }),
}

export function isReview({ group, version, resource }: ResourceRequestInfo): boolean {
  return version === 'v1' && `${group}/${resource}` in answers
}

/** Answers a question that is put as a create: the object comes back with its status. */
export async function answerReview(api: ApiContext, incoming: ApiRequest, info: ResourceRequestInfo): Promise<void> {
  const answer = answers[`${info.group}/${info.resource}`]
  if (!answer || info.verb !== 'create') {
    throw methodNotAllowed({ group: info.group, name: info.resource }, info.verb)
  }
  const body = parseBody(await readBody(incoming.request), mediaType(incoming.request))
  if (!isJsonObject(body)) throw badRequest('the body is not a Kubernetes object')
  const spec = isJsonObject(body['spec']) ? body['spec'] : {}
  const status = answer({ authorizer: api.authorizer, user: incoming.user, spec, namespace: info.namespace })
  const metadata = {
    ...(isJsonObject(body['metadata']) ? body['metadata'] : {}),
    creationTimestamp: toKubeTime(api.clock.now()),
  }
  await sendBody(incoming.request, incoming.response, {
    status: 201,
    body: JSON.stringify({ ...body, metadata, status }),
  })
}

function verdictStatus({ allowed, reason }: Verdict): JsonObject {
  return { allowed, ...(reason === undefined ? {} : { reason }) }
}

function subjectOf(spec: JsonObject): User {
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(String) : []
  return { name: typeof spec['user'] === 'string' ? spec['user'] : '', groups }
}

function attributesOf(spec: JsonObject, user: User): Attributes {
  const path = spec['nonResourceAttributes']
  if (isJsonObject(path)) return { type: 'path', user, verb: text(path['verb']), path: text(path['path']) }
  const resource = spec['resourceAttributes']
  if (!isJsonObject(resource)) {
    throw badRequest(
      'spec.resourceAttributes: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
  }
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
