import { readFile } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext, rootCertificates, type SecureContext, connect as tlsConnect } from 'node:tls'
import { type Destinations, readDestinations } from './destinations'
import { ImportFailure } from './import-failure'
import type { HttpJob, TransferLimits } from './import-protocol'
import { explainNetworkError } from './network-failure'
import { openTunnel, proxyFor, proxyHeaders } from './proxy'

/** One file to fetch, and how. */
export type HttpSource = Pick<
  HttpJob,
  'url' | 'caCertificates' | 'insecureSkipVerify' | 'headers' | 'basicAuth' | 'limits'
>

export interface HttpAnswer {
  url: URL
  status: number
  headers: IncomingHttpHeaders
  body: IncomingMessage
}

/** Where Debian, Fedora, openSUSE and Alpine keep the authorities that an administrator has chosen to trust. */
const systemBundles = [
  process.env.SSL_CERT_FILE,
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

async function trustedAuthorities(given: string | undefined): Promise<string[]> {
  const own = given ? [given] : []
  for (const file of systemBundles) {
    if (!file) continue
    try {
      return [await readFile(file, 'utf8'), ...own]
    } catch {
      // Not this distribution's place: the next one, and in the end those that come with Node.
    }
  }
  return [...rootCertificates, ...own]
}

async function secureContext(source: HttpSource): Promise<SecureContext> {
  try {
    return createSecureContext({ ca: await trustedAuthorities(source.caCertificates) })
  } catch (error) {
    throw new ImportFailure('The certificates given with the import are not PEM certificates.', 'never', {
      cause: error,
    })
  }
}

/**
 * The address as a URL that may be asked.
 * @throws ImportFailure for anything but http and https
 */
export function parseHttpUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base))
    throw new ImportFailure('The address of the image is not a URL. It has to begin with https:// or http://.', 'never')
  const url = new URL(text, base)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new ImportFailure(`Images are fetched by https and http only, not by ${url.protocol.slice(0, -1)}.`, 'never')
  return url
}

/** Credentials go to the host they were given for, never to one that it redirects to. */
function requestHeaders(source: HttpSource, url: URL, first: URL): Record<string, string> {
  const headers: Record<string, string> = {
    host: url.host,
    'user-agent': 'chiave-import',
    accept: '*/*',
    // The bytes as the publisher made them: sizes, ranges and checksums are about those.
    'accept-encoding': 'identity',
  }
  if (url.origin !== first.origin) return headers
  for (const line of source.headers ?? []) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw new ImportFailure('One of the extra headers is not of the form “Name: value”.', 'never')
    headers[name] = value
  }
  const user = source.basicAuth?.user ?? decodeURIComponent(first.username)
  const password = source.basicAuth?.password ?? decodeURIComponent(first.password)
  if (user || password) headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return headers
}

function timeoutError(code: string): Error {
  return Object.assign(new Error('timeout'), { code })
}

/** Ends a request that can not connect, or whose connection is silent, with a code that `network-failure.ts` explains. */
function guard(request: ClientRequest, limits: TransferLimits): void {
  const connecting = setTimeout(() => request.destroy(timeoutError('CONNECT_TIMEOUT')), limits.connectTimeout)
  const connected = () => clearTimeout(connecting)
  request.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', connected)
    else connected()
  })
  request.once('close', connected)
  let answer: IncomingMessage | undefined
  request.once('response', (response) => {
    answer = response
  })
  request.setTimeout(limits.idleTimeout, () => {
    if (answer) answer.destroy(timeoutError('BODY_TIMEOUT'))
    else request.destroy(timeoutError('HEADERS_TIMEOUT'))
  })
}

interface Hop {
  url: URL
  headers: Record<string, string>
  limits: TransferLimits
  secure: SecureContext
  verify: boolean
  destinations: Destinations
}

async function startRequest({ url, headers, limits, secure, verify, destinations }: Hop): Promise<ClientRequest> {
  const proxy = proxyFor(url, process.env)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A socket looks up names only; behind a proxy the proxy does, and has rules of its own.
  const refusal = isIP(host) ? destinations.refusalOf(host) : undefined
  if (refusal) throw new ImportFailure(`Images are not fetched from ${url.host}: ${refusal}.`, 'never')
  const { lookup } = destinations
  const path = url.pathname + url.search
  if (url.protocol === 'http:') {
    if (!proxy) return httpRequest({ host, port: url.port || 80, path, headers, agent: false, lookup })
    const absolute = `http://${url.host}${path}`
    const options = { host: proxy.hostname, port: proxy.port || 80, path: absolute, agent: false as const }
    return httpRequest({ ...options, headers: { ...headers, ...proxyHeaders(proxy) } })
  }
  const tls = { secureContext: secure, rejectUnauthorized: verify, ...(isIP(host) ? {} : { servername: host }) }
  if (!proxy) return httpsRequest({ host, port: url.port || 443, path, headers, agent: false, lookup, ...tls })
  const socket = await openTunnel(proxy, url, (request) => guard(request, limits))
  return httpsRequest({
    host,
    path,
    headers,
    agent: false,
    createConnection: () => tlsConnect({ socket, host, ...tls }),
  })
}

async function ask(hop: Hop): Promise<IncomingMessage> {
  try {
    const request = await startRequest(hop)
    guard(request, hop.limits)
    return await new Promise((resolve, reject) => {
      request.once('response', resolve)
      // Stays for what comes after the answer's begin: the body tells it, too.
      request.on('error', reject)
      request.end()
    })
  } catch (error) {
    throw explainNetworkError(error, hop.url)
  }
}

/**
 * Sends one GET and follows redirects; with the host's proxy settings.
 * @param extra headers for every hop, e.g. `range`
 * @throws ImportFailure in words when there is no answer
 */
export async function openHttp(source: HttpSource, extra: Record<string, string>): Promise<HttpAnswer> {
  const first = parseHttpUrl(source.url)
  const secure = await secureContext(source)
  const { limits } = source
  const destinations = readDestinations(limits.denied)
  let url = first
  for (let hop = 0; hop <= limits.maxRedirects; hop++) {
    const headers = { ...requestHeaders(source, url, first), ...extra }
    const response = await ask({
      url,
      headers,
      limits,
      secure,
      verify: source.insecureSkipVerify !== true,
      destinations,
    })
    // Whoever reads the body sees its errors; who throws it away need not.
    response.on('error', () => undefined)
    const status = response.statusCode ?? 0
    const { location } = response.headers
    const redirects = [301, 302, 303, 307, 308].includes(status) && location !== undefined
    if (!redirects) return { url, status, headers: response.headers, body: response }
    response.destroy()
    url = parseHttpUrl(location, url)
  }
  throw new ImportFailure(
    `${first.host} redirects more than ${limits.maxRedirects} times, perhaps in a circle. Use the address at the end of the way.`,
    'never',
  )
}
