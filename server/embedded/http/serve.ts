import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiContext } from '../api-context'
import { type DiscoverySource, readDiscovery } from '../discovery/discovery'
import { openApiV2 } from '../discovery/open-api-v2'
import type { OpenApiV3 } from '../discovery/open-api-v3'
import { containerGroups, subresourceGroup, subresourceVersions } from '../discovery/virtual-groups'
import { forbidden, methodNotAllowed, notFound } from '../errors/status-error'
import type { Authenticate } from '../identity/authenticate'
import { type Attributes, refusal } from '../identity/authorize'
import { answerReview, isReview } from '../identity/reviews'
import type { User } from '../identity/user'
import type { SubresourceHandler } from '../subresource-handler'
import { isMachineSubresource } from '../subresources/find-handler'
import { handleSubresource } from '../subresources/handle-subresource'
import type { ApiRequest } from './api-request'
import { dispatchResource, pathNotFound } from './dispatch'
import { type RequestInfo, type ResourceRequestInfo, readRequestInfo } from './request-info'
import { sendBody, sendError, sendJson } from './respond'
import { sendStaticFile } from './static-file'

export interface ServerParts {
  api: ApiContext
  authenticate: Authenticate
  subresources: readonly SubresourceHandler[]
  discovery: DiscoverySource
  openApiV3: OpenApiV3
  /** Bodies of `/version` and of KubeVirt's version call. */
  versions: { kubernetes: object; kubevirt: object }
  /** Files by path, served to everyone. */
  staticFiles: Readonly<Record<string, string>>
}

const healthPaths = /^\/(healthz|readyz|livez)(\/.*)?$/

/** Answers one request; whatever goes wrong becomes a Status. */
export function serve(parts: ServerParts, request: IncomingMessage, response: ServerResponse): void {
  const abandoned = (error: Error): void => {
    // The client went away in the middle; there is nobody to tell.
    if (!response.writableFinished) parts.api.log.info({ reason: error.message, url: request.url }, 'client left')
  }
  request.on('error', abandoned)
  response.on('error', abandoned)
  answer(parts, request, response).catch((error: unknown) => {
    if (request.destroyed && !request.complete) return
    sendError(request, response, error, parts.api.log)
  })
}

async function answer(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const file = parts.staticFiles[url.pathname]
  if (file !== undefined) return sendStaticFile(request, response, file)
  if (healthPaths.test(url.pathname)) {
    return sendBody(request, response, { status: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' })
  }
  if (url.pathname === '/version' || url.pathname === '/version/') {
    return sendJson(request, response, parts.versions.kubernetes)
  }
  const user = parts.authenticate(request)
  const info = readRequestInfo(request.method ?? 'GET', url)
  requirePermission(parts.api, info, user)
  const incoming: ApiRequest = { request, response, url, query: url.searchParams, user }
  if (info.type === 'path') return answerPath(parts, incoming)
  return answerResource(parts, incoming, info)
}

export function requirePermission(api: ApiContext, info: RequestInfo, user: User): void {
  const attributes: Attributes = { ...info, user, ...(info.type === 'resource' ? permissionName(info) : {}) }
  const verdict = api.authorizer.authorize(attributes)
  if (!verdict.allowed) throw refusal(attributes, verdict)
}

/** Ports and protocols are no part of the name that a rule speaks of. */
function permissionName({ group, subresource }: ResourceRequestInfo): { subresource: string } {
  const isPort = group === subresourceGroup && subresource.startsWith('portforward/')
  return { subresource: isPort ? 'portforward' : subresource }
}

async function answerPath(parts: ServerParts, { request, response, url }: ApiRequest): Promise<void> {
  const path = url.pathname.replace(/(.)\/$/, '$1')
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed({ group: '', name: path }, 'write')
  if (path === '/openapi/v2') {
    return sendBody(request, response, { status: 200, ...openApiV2(request.headers.accept) })
  }
  if (path === '/openapi/v3') return sendJson(request, response, parts.openApiV3.index())
  if (path.startsWith('/openapi/v3/')) {
    const document = parts.openApiV3.document(path.slice('/openapi/v3/'.length))
    if (document === undefined) throw pathNotFound()
    return sendBody(request, response, { status: 200, body: document })
  }
  if (path === '/')
    return sendJson(request, response, { paths: ['/api', '/apis', '/healthz', '/openapi/v3', '/version'] })
  const found = readDiscovery(parts.discovery, request, path)
  if (!found) throw pathNotFound()
  response.setHeader('Vary', 'Accept')
  await sendBody(request, response, {
    status: 200,
    body: JSON.stringify(found.body),
    contentType: found.contentType,
  })
}

async function answerResource(parts: ServerParts, incoming: ApiRequest, info: ResourceRequestInfo): Promise<void> {
  if (isReview(info)) return answerReview(parts.api, incoming, info)
  if (isMachineSubresource(info)) return handleSubresource(parts.subresources, incoming, info)
  if (info.group === subresourceGroup && (subresourceVersions as readonly string[]).includes(info.version)) {
    if (info.verb !== 'list' && info.verb !== 'get') throw pathNotFound()
    if (info.resource === 'version') return sendJson(incoming.request, incoming.response, parts.versions.kubevirt)
    if (info.resource === 'healthz') return sendJson(incoming.request, incoming.response, 'ok')
  }
  if (isContainerResource(info)) return answerContainerResource(incoming, info)
  return dispatchResource(parts.api, incoming, info)
}

function isContainerResource({ group, version, resource }: ResourceRequestInfo): boolean {
  return containerGroups.some(
    ({ name, versions, resources }) =>
      name === group && versions.includes(version) && resources.some((entry) => entry.name === resource),
  )
}

/** There are none and there will be none: what is asked for is not found, and a create is told why. */
async function answerContainerResource({ request, response }: ApiRequest, info: ResourceRequestInfo): Promise<void> {
  const resource = { group: info.group, name: info.resource }
  if (info.verb === 'create') throw forbidden(resource, '', 'this cluster runs no containers')
  if (info.name !== '') throw notFound(resource, info.name)
  if (info.verb !== 'list') throw methodNotAllowed(resource, info.verb)
  await sendJson(request, response, {
    kind: 'List',
    apiVersion: 'v1',
    metadata: { resourceVersion: '1' },
    items: [],
  })
}
