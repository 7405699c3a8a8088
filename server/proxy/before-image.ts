import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '@/contract/json'
import type { ConnectionRequest } from '@/server/cluster/connection'
import { maxCapturedBytes, parseObject } from './object-capture'

/** A record may cost a change this much; what comes later is not waited for. */
const withinMs = 500

export interface BeforeImageRequest extends Pick<ConnectionRequest, 'path' | 'identity' | 'signal'> {
  send(request: ConnectionRequest): Promise<IncomingMessage>
}

/**
 * The object that a call is about to change, read with the caller's own rights. Undefined when it is not there, not
 * theirs to read, too large or too slow: the change goes on all the same.
 */
export async function readBefore({
  send,
  path,
  identity,
  signal,
}: BeforeImageRequest): Promise<JsonObject | undefined> {
  const deadline = AbortSignal.timeout(withinMs)
  try {
    const answer = await send({
      method: 'GET',
      path: path.split('?', 1)[0] ?? path,
      headers: { accept: 'application/json' },
      identity,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
    return await readWhole(answer)
  } catch (error) {
    // The change itself will tell the caller what is wrong with the cluster, if anything is.
    if (error instanceof Error) return undefined
    throw error
  }
}

async function readWhole(answer: IncomingMessage): Promise<JsonObject | undefined> {
  if (answer.statusCode !== 200 || Number(answer.headers['content-length'] ?? 0) > maxCapturedBytes) {
    answer.destroy()
    return undefined
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    // A response yields buffers as long as nobody sets an encoding.
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > maxCapturedBytes) return undefined
    chunks.push(bytes)
  }
  return parseObject(Buffer.concat(chunks).toString('utf8'))
}
