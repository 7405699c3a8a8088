import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { hostname } from 'node:os'
import { ImportFailure } from './import-failure'
import { explainStatus } from './network-failure'

type Environment = Record<string, string | undefined>

function setting(environment: Environment, name: string): string | undefined {
  return environment[name] || environment[name.toUpperCase()] || undefined
}

function excluded(host: string, port: string, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true
      const [, name = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
      if (only !== undefined && only !== port) return false
      const suffix = name.replace(/^\*?\.?/, '')
      return host === suffix || host.endsWith(`.${suffix}`)
    })
}

/**
 * The proxy that this host's settings name for an address (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in small
 * or capital letters); never one for this host itself.
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const proxy = setting(environment, `${scheme}_proxy`) ?? setting(environment, 'all_proxy')
  if (!proxy) return undefined
  const host = url.hostname.toLowerCase()
  const port = url.port || (scheme === 'https' ? '443' : '80')
  if (['localhost', '[::1]', hostname().toLowerCase()].includes(host) || host.startsWith('127.')) return undefined
  if (excluded(host, port, setting(environment, 'no_proxy') ?? '')) return undefined
  const address = proxy.includes('://') ? proxy : `http://${proxy}`
  if (!URL.canParse(address) || new URL(address).protocol !== 'http:')
    throw new ImportFailure(
      'The proxy that this host is set up with is none that can be used: it has to be an http:// address.',
      'later',
    )
  return new URL(address)
}

/** For the proxy's own sign-in. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (!proxy.username) return {}
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/**
 * Has the proxy open a way to the target and gives the socket.
 * @param guard puts time limits on the request to the proxy
 */
export function openTunnel(proxy: URL, target: URL, guard: (request: ClientRequest) => void): Promise<Socket> {
  const authority = `${target.hostname}:${target.port || 443}`
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || 80,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyHeaders(proxy) },
      agent: false,
    })
    guard(request)
    request.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(explainStatus(response.statusCode ?? 502, new URL(`http://${proxy.host}`)))
    })
    request.once('error', reject)
    request.end()
  })
}
