import type { IncomingMessage } from 'node:http'
import { isJsonObject, type JsonObject } from '@/contract/json'

/** Larger objects are not looked at: a record must not cost what the call does not. */
export const maxCapturedBytes = 256 * 1024

/**
 * Looks on while an answer streams by, without holding it up; afterwards says which JSON object it was. Undefined for
 * other content, for what is too large, and for an answer that did not end.
 */
export function captureObject(answer: IncomingMessage): () => JsonObject | undefined {
  const { 'content-type': type = '', 'content-encoding': encoding, 'content-length': length } = answer.headers
  if (!/[/+]json\b/.test(type) || encoding !== undefined || Number(length ?? 0) > maxCapturedBytes) {
    return () => undefined
  }
  let chunks: Buffer[] = []
  let size = 0
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxCapturedBytes) chunks.push(chunk)
    else chunks = []
  })
  return () => {
    if (!answer.complete || size === 0 || size > maxCapturedBytes) return undefined
    return parseObject(Buffer.concat(chunks).toString('utf8'))
  }
}

/** The object in a text; undefined when it is none. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
