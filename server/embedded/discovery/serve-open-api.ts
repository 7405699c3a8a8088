import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback } from 'node:zlib'
import { notAcceptable } from '../errors/status-error'
import { readAccept } from '../http/negotiate'
import { acceptsGzip, sendBody } from '../http/respond'
import { OpenApiV2, type Version2Format } from './open-api-v2'
import { type OpenApiSource, OpenApiV3, serverRelativeUrl } from './open-api-v3'

const gunzip = promisify(gunzipCallback)
const secondsOfYear = 365 * 24 * 60 * 60

/** `/openapi/v2`, `/openapi/v3` and what is below it. */
export class OpenApi {
  readonly #version2: OpenApiV2
  readonly #version3: OpenApiV3

  constructor(source: OpenApiSource) {
    this.#version2 = new OpenApiV2(source)
    this.#version3 = new OpenApiV3(source)
  }

  /** Answers when the path is one of OpenAPI's; otherwise says false and leaves the response alone. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const path = url.pathname.replace(/(.)\/$/, '$1')
    if (path === '/openapi/v2') await this.#answerVersion2(request, response)
    else if (path === '/openapi/v3') await this.#answerIndex(request, response)
    else if (path.startsWith('/openapi/v3/')) return this.#answerVersion3(request, response, url)
    else return false
    return true
  }

  async #answerVersion2(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { body, contentType, etag } = this.#version2.document(version2Format(request))
    response.setHeader('Vary', 'Accept')
    if (isCurrent(request, response, etag)) return
    const compressed = acceptsGzip(request)
    const sent = compressed ? body : await gunzip(body)
    if (compressed) response.setHeader('Content-Encoding', 'gzip')
    response.writeHead(200, {
      'Content-Type': contentType,
      'Content-Length': sent.length,
      'Cache-Control': 'no-cache, private',
    })
    response.end(request.method === 'HEAD' ? undefined : sent)
  }

  async #answerIndex(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.stringify(this.#version3.index())
    if (isCurrent(request, response, tagOf(body))) return
    await sendBody(request, response, { status: 200, body })
  }

  async #answerVersion3(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const prefix = url.pathname.slice('/openapi/v3/'.length)
    const document = this.#version3.document(prefix)
    if (!document) return false
    if (!acceptsJson(request)) throw notAcceptable(['application/json'])
    const hash = url.searchParams.get('hash')
    response.setHeader('Vary', 'Accept')
    if (hash && hash !== document.hash) {
      response.writeHead(301, { Location: serverRelativeUrl(prefix, document.hash), 'Content-Length': 0 })
      response.end()
      return true
    }
    const caching: { cacheControl?: string } = {}
    if (hash) {
      caching.cacheControl = 'public, immutable'
      response.setHeader('Expires', new Date(Date.now() + secondsOfYear * 1000).toUTCString())
    }
    if (isCurrent(request, response, document.hash)) return true
    await sendBody(request, response, { status: 200, body: document.body, ...caching })
    return true
  }
}

/** A tag that changes with the body. */
export function tagOf(body: string): string {
  return createHash('sha512').update(body).digest('hex').toUpperCase()
}

/** Sets the tag, and answers 304 when the client has that very document. */
export function isCurrent(request: IncomingMessage, response: ServerResponse, tag: string): boolean {
  const quoted = `"${tag}"`
  response.setHeader('ETag', quoted)
  const known = String(request.headers['if-none-match'] ?? '')
  if (!known.split(',').some((entry) => entry.trim().replace(/^W\//, '') === quoted)) return false
  response.writeHead(304)
  response.end()
  return true
}

function version2Format(request: IncomingMessage): Version2Format {
  for (const { type } of readAccept(request)) {
    if (/^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/.test(type)) return 'protobuf'
    if (isJsonRange(type)) return 'json'
  }
  throw notAcceptable(['application/json', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'])
}

function acceptsJson(request: IncomingMessage): boolean {
  return readAccept(request).some(({ type }) => isJsonRange(type))
}

function isJsonRange(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*'
}
