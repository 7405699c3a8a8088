import { badRequest, methodNotAllowed, notAcceptable } from '../errors/status-error'
import type { ApiRequest } from '../http/api-request'
import { pathNotFound } from '../http/dispatch'
import { readAccept } from '../http/negotiate'
import { mediaType, parseBody, readBody } from '../http/read-body'
import type { ResourceRequestInfo } from '../http/request-info'
import { sendBody } from '../http/respond'
import type { SubresourceAnswer, SubresourceHandler } from '../subresource-handler'
import { findHandler } from './find-handler'

/** Answers a call of a machine's subresource that is no upgrade. */
export async function handleSubresource(
  handlers: readonly SubresourceHandler[],
  incoming: ApiRequest,
  info: ResourceRequestInfo,
): Promise<void> {
  const { request, query, user } = incoming
  const found = findHandler(handlers, info, request.method ?? '')
  if (!found) {
    const other = ['GET', 'PUT'].some((method) => findHandler(handlers, info, method))
    throw other ? methodNotAllowed({ group: info.group, name: info.resource }, info.verb) : pathNotFound()
  }
  const { handler, rest } = found
  if (!handler.handle) throw badRequest(`${info.subresource} is a stream: it needs a WebSocket upgrade`)
  // KubeVirt's own API answers actions only to clients that take any type.
  if (!readAccept(request).some(({ type }) => type === '*/*')) {
    throw notAcceptable(['*/*'])
  }
  const raw = await readBody(request)
  const body = raw.length === 0 ? {} : parseBody(raw, mediaType(request))
  const answer = await handler.handle({ namespace: info.namespace, name: info.name, query, body, user, rest })
  await sendAnswer(incoming, answer)
}

async function sendAnswer({ request, response }: ApiRequest, answer: SubresourceAnswer): Promise<void> {
  const { status, body, contentType } = answer
  if (body === undefined) {
    response.writeHead(status, { 'Content-Length': 0 }).end()
    return
  }
  const raw = Buffer.isBuffer(body) || typeof body === 'string'
  await sendBody(request, response, {
    status,
    body: raw ? body : JSON.stringify(body),
    contentType: contentType ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'),
  })
}
