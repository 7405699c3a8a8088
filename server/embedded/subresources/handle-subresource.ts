import { badRequest, methodNotAllowed, notAcceptable, StatusError } from '../errors/status-error'
import type { ApiRequest } from '../http/api-request'
import { pathNotFound } from '../http/dispatch'
import { readAccept } from '../http/negotiate'
import { parseBody, readBody } from '../http/read-body'
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
  if (!handler.handle) throw badRequest(noUpgrade)
  // KubeVirt's own API answers actions only to clients that take any type.
  if (!readAccept(request).some(({ type }) => type === '*/*')) {
    throw notAcceptable(['*/*'])
  }
  const raw = await readBody(request)
  const body = raw.length === 0 ? {} : parseOptions(raw)
  const answer = await handler.handle({ namespace: info.namespace, name: info.name, query, body, user, rest })
  await sendAnswer(incoming, answer)
}

/** What a stream says to a plain request. */
const noUpgrade =
  "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header"

/** Options are JSON when they begin so, else YAML, whatever the request says of them. */
function parseOptions(raw: Buffer): unknown {
  const isJson = raw.toString('utf8', 0, 64).trimStart().startsWith('{')
  try {
    return parseBody(raw, isJson ? 'application/json' : 'application/yaml') ?? {}
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error
    const why = error.message.replace(/^couldn't get version\/kind; json parse error: /, '')
    throw badRequest(`Can not unmarshal Request body to struct, error: ${why}`)
  }
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
