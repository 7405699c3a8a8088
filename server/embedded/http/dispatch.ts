import type { ApiContext, ResourceCall } from '../api-context'
import { methodNotAllowed, StatusError } from '../errors/status-error'
import { groupResource, type Target } from '../registry/served-resource'
import { createObject } from '../verbs/create'
import { deleteObject } from '../verbs/delete'
import { deleteCollection } from '../verbs/delete-collection'
import { getObject } from '../verbs/get'
import { listObjects } from '../verbs/list'
import { patchObject } from '../verbs/patch'
import { handleScale } from '../verbs/scale'
import { type WritableSubresource, writableSubresource } from '../verbs/subresource'
import { updateObject } from '../verbs/update'
import { watchObjects } from '../verbs/watch'
import type { ApiRequest } from './api-request'
import type { ResourceRequestInfo } from './request-info'

/** What Kubernetes answers to a path that it does not serve. Clients take it for "no such resource". */
export function pathNotFound(): StatusError {
  return new StatusError({
    message: 'the server could not find the requested resource',
    reason: 'NotFound',
    details: {},
    code: 404,
  })
}

/** Hands a request about a stored resource to its verb. */
export async function dispatchResource(
  api: ApiContext,
  incoming: ApiRequest,
  info: ResourceRequestInfo,
): Promise<void> {
  const target = api.registry.find(info.group, info.version, info.resource)
  if (!target || hasWrongScope(target, info)) throw pathNotFound()
  const { request, response, user, query } = incoming
  const call: ResourceCall = { api, request, response, info, target, query, user }
  if (info.subresource === 'scale' && target.version.scale) return handleScale(call, target.version.scale)
  const subresource = writableSubresource(target, info.subresource)
  if (subresource === undefined) throw pathNotFound()
  if (info.name === '') await dispatchCollection(call)
  else await dispatchObject(call, subresource)
}

/** Objects of a namespaced kind need a namespace in their path, and others must not have one. */
function hasWrongScope({ resource }: Target, info: ResourceRequestInfo): boolean {
  if (resource.namespaced) return info.name !== '' && info.namespace === ''
  return info.namespace !== '' && !(info.resource === 'namespaces' && info.group === '')
}

function dispatchCollection(call: ResourceCall): Promise<void> {
  const everywhere = call.target.resource.namespaced && call.info.namespace === ''
  switch (call.info.verb) {
    case 'list':
      return listObjects(call)
    case 'watch':
      watchObjects(call)
      return Promise.resolve()
    case 'create':
      if (everywhere) break
      return createObject(call)
    case 'deletecollection':
      if (everywhere) break
      return deleteCollection(call)
  }
  throw methodNotAllowed(groupResource(call.target.resource), call.info.verb)
}

function dispatchObject(call: ResourceCall, subresource: WritableSubresource): Promise<void> {
  switch (call.info.verb) {
    case 'get':
      return getObject(call)
    case 'update':
      return updateObject(call, subresource)
    case 'patch':
      return patchObject(call, subresource)
    case 'delete':
      if (subresource !== '') break
      return deleteObject(call)
  }
  throw methodNotAllowed(groupResource(call.target.resource), call.info.verb)
}
