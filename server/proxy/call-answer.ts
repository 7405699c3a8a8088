import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { JsonObject } from '@/contract/json'
import type { ConnectionRequest } from '@/server/cluster/connection'
import { readBefore } from './before-image'
import { forwardedRequestHeaders } from './forwarded-headers'
import { captureObject } from './object-capture'
import { logCall, type ProxyCall } from './proxy-call'
import { relay } from './relay'

/** The call as the API server gets it, without its body. */
export function upstreamRequest(call: ProxyCall, signal: AbortSignal): ConnectionRequest {
  const { method, path, caller, identity, request } = call
  const headers = forwardedRequestHeaders(request.headers)
  headers['x-request-id'] = caller.requestId
  // What is looked at on its way must not be compressed.
  if (call.record) delete headers['accept-encoding']
  return { method, path, headers, identity, signal }
}

/** The object as it is before the call, when its record wants it. */
export async function objectBefore(call: ProxyCall, signal: AbortSignal): Promise<JsonObject | undefined> {
  const { record, connection, path, identity } = call
  if (record?.wantsBefore !== true) return undefined
  return readBefore({ send: (request) => connection.request(request), path, identity, signal })
}

export interface CallAnswer {
  call: ProxyCall
  upstream: IncomingMessage
  response: ServerResponse
  before?: JsonObject | undefined
}

/** Passes the answer on and ends the call's record with what it said. Rejects when either side breaks off. */
export async function passAnswer(log: Logger, { call, upstream, response, before }: CallAnswer): Promise<void> {
  const status = upstream.statusCode ?? 0
  logCall(log, call, status)
  const { record } = call
  if (!record) return relay(upstream, response, call.cluster)
  const captured = record.wantsAfter || status >= 400 ? captureObject(upstream) : () => undefined
  try {
    await relay(upstream, response, call.cluster)
  } finally {
    const object = captured()
    const auditId = textOf(upstream.headers['audit-id'])
    if (status >= 400) record.finish({ status, auditId, message: textOf(object?.['message']) })
    else record.finish({ status, auditId, before, after: object })
  }
}

export const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
