import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { Connection } from '@/server/cluster/connection'

/** The API server answered, but not as one that can be worked with. */
export class ProbeRefused extends Error {
  constructor(
    message: string,
    readonly code: number | undefined,
    readonly retryAfterMs?: number,
  ) {
    super(message)
    this.name = 'ProbeRefused'
  }
}

export interface ProbeOptions {
  withinMs: number
  /** The version is asked for only once, and again after every trouble: it may have been an upgrade. */
  versionKnown: boolean
}

const answerBytes = 64 * 1024
const versionSchema = z.object({ gitVersion: z.string().max(100) })

/**
 * Asks whether the API server is ready: `/readyz`, or `/version` where that is not for everyone. Resolves with the version
 * when it was asked for. Rejects with ProbeRefused, or with the transport's error.
 */
export async function probe(
  connection: Connection,
  { withinMs, versionKnown }: ProbeOptions,
): Promise<{ version?: string; latencyMs: number }> {
  const ask = (path: string) => askFor(connection, path, withinMs)
  const startedAt = performance.now()
  const ready = await ask('/readyz')
  const latencyMs = performance.now() - startedAt
  const isKept = ready.status === 403 || ready.status === 404
  if (!isKept) {
    refuseTrouble(ready)
    if (!/^(?:ok|\[\+\])/.test(ready.body.trim())) throw notKubernetes(ready)
    if (versionKnown) return { latencyMs }
  }
  const answer = await ask('/version')
  // Someone may be ready and keep their version to themselves.
  if (!isKept && answer.status === 403) return { latencyMs }
  refuseTrouble(answer)
  return { version: readVersion(answer), latencyMs }
}

interface ProbeAnswer {
  status: number
  body: string
  contentType: string
  retryAfter: string | undefined
}

async function askFor(connection: Connection, path: string, withinMs: number): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(withinMs)
  try {
    const answer = await connection.request({
      method: 'GET',
      path,
      headers: { accept: 'application/json, text/plain' },
      identity: { type: 'self' },
      signal,
    })
    return {
      status: answer.statusCode ?? 0,
      body: await readBounded(answer),
      contentType: answer.headers['content-type'] ?? '',
      retryAfter: answer.headers['retry-after'],
    }
  } catch (error) {
    if (signal.aborted) throw Object.assign(new Error('no answer in time', { cause: error }), { code: 'ETIMEDOUT' })
    throw error
  }
}

async function readBounded(answer: IncomingMessage): Promise<string> {
  let text = ''
  // A stream without an encoding yields buffers.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8')
    if (text.length > answerBytes) break
  }
  return text.slice(0, answerBytes)
}

function refuseTrouble(answer: ProbeAnswer): void {
  const { status } = answer
  if (status === 200) return
  const words = wordsOf(answer)
  const said = words === '' ? '' : ` It says: ${words}`
  if (status === 401)
    throw new ProbeRefused(`The API server does not accept the credentials of this connection.${said}`, 401)
  if (status === 403) throw new ProbeRefused(`The API server forbids even to ask for its version.${said}`, 403)
  if (status === 429) throw new ProbeRefused(`The API server is overloaded.${said}`, 429, retryAfterOf(answer))
  if (status >= 500)
    throw new ProbeRefused(`The API server is in trouble (${status}).${said}`, status, retryAfterOf(answer))
  if (status >= 300 && status < 400)
    throw new ProbeRefused(`The address answers with a redirection (${status}).`, status)
  throw new ProbeRefused(`The API server answered ${status}.${said}`, status)
}

/** One line that a person may read; pages of markup say nothing. */
function wordsOf({ body, contentType }: ProbeAnswer): string {
  if (/html/.test(contentType) || /^\s*</.test(body)) return ''
  const text = statusMessage(body) ?? failedChecks(body) ?? body
  return text.replace(/\s+/g, ' ').trim().slice(0, 300)
}

function statusMessage(body: string): string | undefined {
  const parsed = z.object({ message: z.string() }).safeParse(readJson(body))
  return parsed.success ? parsed.data.message : undefined
}

/** Of `/readyz`' list only what is not well: `[-]etcd failed: reason withheld`. */
function failedChecks(body: string): string | undefined {
  const failed = body.split('\n').filter((line) => line.startsWith('[-]'))
  return failed.length === 0 ? undefined : failed.map((line) => line.slice(3)).join(', ')
}

function readVersion(answer: ProbeAnswer): string {
  const parsed = versionSchema.safeParse(readJson(answer.body))
  if (!parsed.success) throw notKubernetes(answer)
  return parsed.data.gitVersion
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function notKubernetes({ contentType }: ProbeAnswer): ProbeRefused {
  const kind = contentType.split(';', 1)[0]
  return new ProbeRefused(
    `Something answers there, but not as a Kubernetes API server${kind ? ` (${kind.slice(0, 60)})` : ''}.`,
    undefined,
  )
}

/** `Retry-After` in seconds, as API servers send it; bounded, so that a mistake there cannot silence the connection. */
function retryAfterOf({ retryAfter }: ProbeAnswer): number | undefined {
  const seconds = Number(retryAfter)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 120) * 1000 : undefined
}
