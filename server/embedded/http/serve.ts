import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiContext } from '../api-context'
import { type DiscoverySource, readDiscovery } from '../discovery/discovery'
import { isCurrent, type OpenApi, tagOf } from '../discovery/serve-open-api'
import { subresourceGroup, subresourceVersions } from '../discovery/virtual-groups'
import { methodNotAllowed } from '../errors/status-error'
import { type Attributes, refusal } from '../identity/authorize'
import { answerReview, isReview } from '../identity/reviews'
import { issuerDocument } from '../identity/service-accounts/issuer-discovery'
import { answerTokenRequest, isTokenRequest } from '../identity/service-accounts/token-request'
import type { Identity } from '../identity/start-identity'
import type { User } from '../identity/user'
import type { SubresourceHandler } from '../subresource-handler'
import { isMachineSubresource } from '../subresources/find-handler'
import { answerGroupCall } from '../subresources/group-calls'
import { handleSubresource } from '../subresources/handle-subresource'
import type { ApiRequest } from './api-request'
import { dispatchResource, pathNotFound } from './dispatch'
import { type RequestInfo, type ResourceRequestInfo, readRequestInfo, readUrl } from './request-info'
import { sendBody, sendError, sendJson } from './respond'
import { sendStaticFile } from './static-file'

export interface ServerParts {
  api: ApiContext
  identity: Identity
  subresources: readonly SubresourceHandler[]
  discovery: DiscoverySource
  openApi: OpenApi
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
  const url = readUrl(request.url)
  const file = parts.staticFiles[url.pathname]
  if (file !== undefined) return sendStaticFile(request, response, file)
  const user = parts.identity.authenticate(request)
  const info = readRequestInfo(request.method ?? 'GET', url)
  requirePermission(parts.api, info, { user, query: url.searchParams })
  const incoming: ApiRequest = { request, response, url, query: url.searchParams, user }
  if (info.type === 'path') return answerPath(parts, incoming)
  return answerResource(parts, incoming, info)
}

export function requirePermission(
  api: ApiContext,
  info: RequestInfo,
  { user, query }: { user: User; query: URLSearchParams },
): void {
  const attributes: Attributes = { ...info, user, ...(info.type === 'resource' ? permissionNames(info, query) : {}) }
  const verdict = api.authorizer.authorize(attributes)
  if (!verdict.allowed) throw refusal(attributes, verdict)
}

/** What rules name: ports and protocols are no part of it, and a list of the one object of a name is about that. */
function permissionNames(info: ResourceRequestInfo, query: URLSearchParams): { subresource: string; name: string } {
  const isPort = info.group === subresourceGroup && info.subresource.startsWith('portforward/')
  const [, selected] = /^metadata\.name==?([^,=!]+)$/.exec(query.get('fieldSelector') ?? '') ?? []
  return {
    subresource: isPort ? 'portforward' : info.subresource,
    name: info.name === '' && info.verb !== 'create' ? (selected ?? '') : info.name,
  }
}

/** Health, version and the documents about the issuer of tokens. */
async function answerHealth(parts: ServerParts, { request, response, url }: ApiRequest): Promise<boolean> {
  const document = issuerDocument(parts.identity.tokens, url.pathname, request.headers.host ?? '')
  if (document) await sendBody(request, response, { status: 200, ...document })
  else if (healthPaths.test(url.pathname)) {
    await sendBody(request, response, { status: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' })
  } else if (/^\/version\/?$/.test(url.pathname)) await sendJson(request, response, parts.versions.kubernetes)
  else return false
  return true
}

async function answerPath(parts: ServerParts, incoming: ApiRequest): Promise<void> {
  if (await answerHealth(parts, incoming)) return
  const { request, response, url } = incoming
  const path = url.pathname.replace(/(.)\/$/, '$1')
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed({ group: '', name: path }, 'write')
  if (await parts.openApi.answer(request, response, url)) return
  if (path === '/')
    return sendJson(request, response, { paths: ['/api', '/apis', '/healthz', '/openapi/v3', '/version'] })
  const found = readDiscovery(parts.discovery, request, path)
  if (!found) throw pathNotFound()
  response.setHeader('Vary', 'Accept')
  const body = JSON.stringify(found.body)
  // Only the aggregated form has a tag, as in Kubernetes.
  if (found.contentType.includes('APIGroupDiscoveryList') && isCurrent(request, response, tagOf(body))) return
  await sendBody(request, response, { status: 200, body, contentType: found.contentType })
}

async function answerResource(parts: ServerParts, incoming: ApiRequest, info: ResourceRequestInfo): Promise<void> {
  if (isReview(info)) return answerReview(parts.api, parts.identity.tokenReaders, incoming, info)
  if (isTokenRequest(info)) return answerTokenRequest(parts.api, parts.identity.tokens, incoming, info)
  if (isMachineSubresource(info)) return handleSubresource(parts.subresources, incoming, info)
  if (info.group === subresourceGroup && (subresourceVersions as readonly string[]).includes(info.version)) {
    return answerGroupCall(incoming, info, parts)
  }
  return dispatchResource(parts.api, incoming, info)
}
