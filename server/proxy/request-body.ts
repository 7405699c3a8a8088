import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'

export interface BodyLimits {
  maxBytes: number
  /** From the request's head to the end of its body. */
  timeoutMs: number
}

/** The body is larger than allowed, or did not arrive in time. */
export class BodyRefused extends Error {
  constructor(
    readonly code: 408 | 413,
    message: string,
  ) {
    super(message)
  }
}

const tooLarge = (maxBytes: number) =>
  new BodyRefused(413, `The request is larger than the ${Math.floor(maxBytes / 1024 / 1024)} MiB that are allowed.`)

/**
 * The request's body as a stream that fails with `BodyRefused` when it breaks the limits; undefined when there is none.
 * Throws `BodyRefused` at once when the announced length is too much.
 */
export function limitedBody(request: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Readable | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding === undefined && (length === undefined || length === '0')) return undefined
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes)
  let seen = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen > maxBytes) done(tooLarge(maxBytes))
      else done(null, chunk)
    },
  })
  const timer = setTimeout(() => {
    counted.destroy(new BodyRefused(408, 'The request took too long to arrive.'))
  }, timeoutMs)
  counted.once('close', () => {
    clearTimeout(timer)
    request.unpipe(counted)
  })
  request.once('end', () => clearTimeout(timer))
  request.once('error', (error) => counted.destroy(error))
  request.once('close', () => {
    if (!request.complete) counted.destroy(new Error('the client went away'))
  })
  return request.pipe(counted)
}

/** Reads a small body whole, as text. Rejects with `BodyRefused`. */
export async function readSmallBody(request: IncomingMessage, limits: BodyLimits): Promise<string> {
  const chunks: Buffer[] = []
  // A Readable yields what was written to it: buffers.
  for await (const chunk of limitedBody(request, limits) ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
