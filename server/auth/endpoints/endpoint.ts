import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import { readSmallBody } from '@/server/proxy/request-body'
import type { SignedIn } from '../authenticator'
import { invalidBody, refusal } from '../refusal'

/** One request below `/auth`. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  requestId: string
  /** Of the answer's Content-Security-Policy. */
  nonce: string
  /** What the endpoint's pattern took from the path, decoded. */
  params: string[]
  query: URLSearchParams
  /** Of whoever is behind trusted proxies. */
  address: string
}

export type SignedInExchange = Exchange & SignedIn

/** What an endpoint answers; undefined when it has answered by itself. */
export type Reply =
  | { code: number; body?: unknown; cookies?: readonly string[] }
  /** See other (303). */
  | { location: string; cookies?: readonly string[] }
  | undefined

interface EndpointBase {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Of the whole path. */
  path: RegExp
}

/** Who may ask, and what they get; a Refusal that is thrown goes out as its Status. */
export type Endpoint =
  | (EndpointBase & { access: 'anyone'; handle(exchange: Exchange): Reply | Promise<Reply> })
  | (EndpointBase & {
      access: 'signed-in' | 'administrator'
      /** Also answered to someone who must first choose a new password. */
      beforePasswordChange?: boolean
      handle(exchange: SignedInExchange): Reply | Promise<Reply>
    })

const bodyLimits = { maxBytes: 1024 * 1024, timeoutMs: 10_000 }

/** The body as JSON of a shape. Throws a Refusal; rejects with BodyRefused when it is too large or too slow. */
export async function readJson<T>({ request }: Exchange, schema: z.ZodType<T>): Promise<T> {
  // A form of another site cannot send this type without asking first.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw refusal(415, 'The body must be application/json.')
  }
  const text = await readSmallBody(request, bodyLimits)
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success) throw invalidBody(parsed.error)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw refusal(400, 'The body is not JSON.')
    throw error
  }
}

/** RFC 3339 of milliseconds since the epoch. */
export const timeOf = (ms: number) => new Date(ms).toISOString()

export const noContent: Reply = { code: 204 }
