import type { IncomingMessage } from 'node:http'
import { badRequest, timeout, tooLarge, unsupportedMediaType } from '../errors/status-error'
import { decodeProtobuf, protobufType } from '../protobuf/decode-protobuf'
import { parseYaml, YamlError } from './parse-yaml'
import { repeatedYamlKeys } from './repeated-yaml-keys'

/** As kube-apiserver: what fits into an etcd request, twice over for patches. */
export const bodyLimit = 3 * 1024 * 1024

/** Deeper nesting is refused: recursion over such an object must end. */
export const depthLimit = 100

/** More fields and entries together are refused: what is computed for each of them must end. */
const valueLimit = 250_000

/**
 * A body that is too large is read on to here and thrown away: a client that is still sending does not look for an answer,
 * and loses it when the connection breaks.
 */
const drainLimit = 64 * 1024 * 1024

/** As kube-apiserver's request timeout: a body that takes longer is given up, in milliseconds. */
const bodyTimeout = 60_000

/** Collects a request's body. Throws 413 beyond 3 MiB; a client that sends too slowly is cut off. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > drainLimit) throw tooLarge(bodyLimit)
  const timer = setTimeout(() => request.destroy(timeout()), bodyTimeout)
  timer.unref()
  try {
    return await collect(request)
  } finally {
    clearTimeout(timer)
  }
}

/** By events: an async iterator costs a request as much again as the reading itself. */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const left = () => {
      if (!request.complete) reject(new Error('the client left before its request was complete'))
    }
    if (request.destroyed) return left()
    const chunks: Buffer[] = []
    let size = 0
    // Without an encoding set, a request yields buffers.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > drainLimit) {
        reject(tooLarge(bodyLimit))
        request.destroy()
      } else if (size > bodyLimit) chunks.length = 0
      else chunks.push(chunk)
    })
    request.once('error', reject)
    request.once('close', left)
    request.once('end', () => {
      const [first] = chunks
      if (size > bodyLimit) reject(tooLarge(bodyLimit))
      else resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
  })
}

export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

const yamlTypes = new Set(['application/yaml', 'application/x-yaml', 'text/yaml', 'application/apply-patch+yaml'])
const jsonTypes = new Set(['', 'application/json', '*/*', 'text/json'])

/**
 * Parses JSON, YAML or (for core kinds, which typed clients send so) protobuf by content type. Throws 400 for what does
 * not parse and 415 for other types.
 */
export function parseBody(body: Buffer, contentType: string): unknown {
  if (contentType === protobufType) return decodeProtobuf(body)
  if (yamlTypes.has(contentType)) return parseYamlBody(body)
  if (!jsonTypes.has(contentType)) throw unsupportedMediaType(['application/json', 'application/yaml'])
  return parseJson(body)
}

export function parseJson(body: Buffer): unknown {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`)
  }
  checkShape(value)
  return value
}

/** The first key that a body in YAML repeats, for those who ask after parsing it. */
const repeatedKeys = new WeakMap<Buffer, string>()

/** What Kubernetes says of each key that a parsed body in YAML has more than once, as far as it was looked for. */
export function repeatedKeysOf(body: Buffer): readonly string[] {
  const first = repeatedKeys.get(body)
  if (first === undefined) return []
  const all = repeatedYamlKeys(body.toString('utf8'))
  return all.length > 0 ? all : [first]
}

function parseYamlBody(body: Buffer): unknown {
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = parseYaml(text, (first) => repeatedKeys.set(body, first))
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw badRequest(`error converting YAML to JSON: ${error.message}`)
  }
  checkShape(value)
  // What an alias repeats becomes values of their own: whoever changes one must not change the others.
  return /(^|[\s[{,:-])\*/.test(text) ? JSON.parse(JSON.stringify(value ?? null)) : value
}

/**
 * Refuses nesting beyond the limit, more values than any object has (aliases can stand for endlessly many), numbers that
 * JSON cannot say, and the one key that assignments would take for an object's prototype.
 */
function checkShape(root: unknown): void {
  let values = 0
  const check = (value: unknown, depth: number): void => {
    if (++values > valueLimit) throw tooLarge(bodyLimit)
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw badRequest(`error converting YAML to JSON: json: unsupported value: ${value}`)
    }
    if (typeof value !== 'object' || value === null) return
    if (depth > depthLimit) throw badRequest(`the object is nested deeper than ${depthLimit} levels`)
    if (Array.isArray(value)) {
      for (const entry of value) check(entry, depth + 1)
      return
    }
    for (const [key, entry] of Object.entries(value)) {
      if (key === '__proto__') throw badRequest('the field name "__proto__" is not allowed')
      check(entry, depth + 1)
    }
  }
  check(root, 0)
}
