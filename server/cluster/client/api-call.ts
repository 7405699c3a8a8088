import type { IncomingMessage } from 'node:http'
import type { KubeStatus } from '@/contract/kube-object'
import type { Connection, Identity } from '../connection'
import { ApiError } from '../kube-client'

export interface CallContext {
  connection: Connection
  identity: Identity
  userAgent: string
  /** An ordinary call that gets no answer within this time fails; watches are exempt. */
  timeoutMs: number
}

export interface Call {
  method: string
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  contentType?: string
  accept?: string
  signal?: AbortSignal | undefined
  /** Watches stream for as long as they like. */
  stream?: boolean
}

/** Sends a call and resolves with the head of a 2xx answer; any other answer rejects with the server's Status. */
export async function send(context: CallContext, call: Call): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const signals = [call.signal, call.stream ? undefined : AbortSignal.timeout(context.timeoutMs)]
  const present = signals.filter((signal) => signal !== undefined)
  const response = await context.connection.request({
    method: call.method,
    path: withQuery(call.path, call.query),
    headers: {
      accept: call.accept ?? 'application/json',
      'user-agent': context.userAgent,
      ...(body === undefined
        ? {}
        : { 'content-type': call.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
    body,
    identity: context.identity,
    signal: present.length === 0 ? undefined : AbortSignal.any(present),
  })
  const code = response.statusCode ?? 0
  if (code >= 200 && code < 300) return response
  throw new ApiError(readStatus(code, await readText(response)))
}

/** Sends a call and reads its answer: JSON when it says so, else text; `undefined` for an empty one. */
export async function sendForBody(context: CallContext, call: Call): Promise<unknown> {
  const response = await send(context, call)
  const text = await readText(response)
  if (text === '') return undefined
  return String(response.headers['content-type'] ?? '').includes('json') ? JSON.parse(text) : text
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** An error answer is a Status, or (from some aggregated servers and proxies) plain text. */
function readStatus(code: number, text: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(text)
    // The body of every Kubernetes error is a Status; anything else falls through to the text form.
    if (parsed !== null && typeof parsed === 'object' && 'kind' in parsed && parsed.kind === 'Status') {
      return { code, ...(parsed as Omit<KubeStatus, 'code'>) }
    }
  } catch {
    // Not JSON: the text itself is the message.
    return plainStatus(code, text)
  }
  return plainStatus(code, text)
}

function plainStatus(code: number, text: string): KubeStatus {
  const message = text.trim() || `the API answered ${code}`
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code }
}

function withQuery(path: string, query: Call['query']): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value))
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}
