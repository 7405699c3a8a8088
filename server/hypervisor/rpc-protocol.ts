import type { Duplex, Readable } from 'node:stream'
import { z } from 'zod'
import { HypervisorError } from '@/server/operator/engine/hypervisor-port'

/**
 * The wire between an agent and its clients: lines of JSON over a unix socket. The first line of a connection says what
 * it is for: calls, or one byte stream. On a call connection every request line `{ id, method, args }` is answered by a
 * line with its id, in any order; events come between. A stream connection is answered by one line, then it carries the
 * stream's bytes both ways; datagrams have their length before them (`datagrams.ts`).
 */
export const openingSchema = z.discriminatedUnion('open', [
  z.strictObject({ open: z.literal('calls') }),
  z.strictObject({ open: z.literal('stream'), id: z.string(), stream: z.enum(['vnc', 'serial']) }),
  z.strictObject({ open: z.literal('port'), id: z.string(), port: z.number(), protocol: z.enum(['tcp', 'udp']) }),
])

export type Opening = z.infer<typeof openingSchema>

const errorSchema = z.object({
  code: z.enum([
    ...['NotFound', 'Invalid', 'Busy', 'NoSpace', 'Unsupported', 'Unavailable', 'Refused', 'TimedOut', 'Failed'],
  ] as const),
  message: z.string(),
})

export type WireError = z.infer<typeof errorSchema>

export const requestSchema = z.strictObject({ id: z.int(), method: z.string(), args: z.array(z.unknown()).max(4) })

export type Request = z.infer<typeof requestSchema>

export const streamAnswerSchema = z.union([z.object({ error: errorSchema }), z.object({ ok: z.literal(true) })])

export type StreamAnswer = z.infer<typeof streamAnswerSchema>

/** `result` is absent when the call gives nothing back. */
export const serverLineSchema = z.union([
  z.object({ event: z.object({ type: z.enum(['machine', 'disk', 'host', 'reconnected']), id: z.string() }) }),
  z.object({ id: z.int(), error: errorSchema }),
  z.object({ id: z.int(), result: z.unknown().optional() }),
])

export type ServerLine = z.infer<typeof serverLineSchema>

/** The most a client may send in a line, in bytes: cloud-init data and certificates fit. */
export const maxRequestLine = 8 * 2 ** 20
/** The most an agent may answer in a line, in bytes: a screenshot and the longest log fit. */
export const maxAnswerLine = 64 * 2 ** 20

export function toWireError(error: unknown): WireError {
  if (error instanceof HypervisorError) return { code: error.code, message: error.message }
  return { code: 'Failed', message: error instanceof Error ? error.message : String(error) }
}

export function fromWireError({ code, message }: WireError): HypervisorError {
  return new HypervisorError(code, message)
}

export function toLine(value: Opening | Request | StreamAnswer | ServerLine): string {
  return `${JSON.stringify(value)}\n`
}

/** Undefined when the line is not JSON of that shape. */
export function parseLine<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(line))
    return result.success ? result.data : undefined
  } catch {
    // Not JSON, which the caller treats like any other breach of the protocol.
    return undefined
  }
}

/**
 * Reads one line and leaves what follows in the stream. Undefined when the stream ends before, or the line is longer than
 * `maxLine` bytes, or takes longer than `timeout` milliseconds.
 */
export function readFirstLine(stream: Duplex, maxLine: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const finish = (line: string | undefined) => {
      clearTimeout(timer)
      stream.removeListener('readable', onReadable)
      stream.removeListener('end', onEnd).removeListener('close', onEnd)
      resolve(line)
    }
    const onEnd = () => finish(undefined)
    const onReadable = () => {
      // Streams without an encoding give buffers.
      for (let chunk = stream.read() as Buffer | null; chunk; chunk = stream.read() as Buffer | null) {
        const end = chunk.indexOf(10)
        if (end >= 0) {
          const rest = chunk.subarray(end + 1)
          finish(Buffer.concat([...parts, chunk.subarray(0, end)]).toString('utf8'))
          if (rest.length > 0) stream.unshift(rest)
          return
        }
        parts.push(chunk)
        length += chunk.length
        if (length > maxLine) return finish(undefined)
      }
    }
    const timer = setTimeout(onEnd, timeout)
    stream.on('readable', onReadable)
    stream.once('end', onEnd).once('close', onEnd)
  })
}

/**
 * Calls `onLine` with every line of a stream until it returns false. Then, and when a line is longer than `maxLine`
 * bytes, the stream is destroyed.
 */
export function readLines(stream: Readable, maxLine: number, onLine: (line: string) => boolean): void {
  let parts: Buffer[] = []
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8')
      parts = []
      length = 0
      rest = rest.subarray(end + 1)
      if (stream.destroyed) return
      if (!onLine(line)) return void stream.destroy(new Error('a line is not of the protocol'))
    }
    parts.push(rest)
    length += rest.length
    if (length > maxLine) stream.destroy(new Error('a line is too long'))
  })
}
