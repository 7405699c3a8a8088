import type { Logger } from 'pino'
import { WebSocket } from 'ws'
import type { KubeStatus } from '@/contract/kube-object'
import type { Connection, ConnectionDirectory, Identity } from '@/server/cluster/connection'
import type { CallGuard } from '@/server/proxy/call-guard'
import { type CallLimiter, limitKeyOf } from '@/server/proxy/call-limits'
import type { CallRecord, CallRecorder } from '@/server/proxy/call-recorder'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus, refuseUpgrade } from '@/server/proxy/status-response'
import type { Upgrade } from '@/server/proxy/upgrade'
import { acceptWebSocket, bytesOf, closeSocket, keepAlive } from '@/server/proxy/web-socket'
import { openUpstream, StreamRefused, streamProtocol } from './upstream-socket'

export interface ConsoleRelayOptions {
  connections: ConnectionDirectory
  log: Logger
  guard?: CallGuard | undefined
  limiter?: CallLimiter | undefined
  recorder?: CallRecorder | undefined
  /** Between pings to the browser; default 20 s, since proxies in between cut what is silent for a minute. */
  pingIntervalMs?: number
}

export interface ConsoleRelay {
  /** Answers an upgrade to `/consoles/<cluster>/<namespace>/<vmi>/{vnc,serial}`. Never rejects. */
  handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void>
  /** Tells every browser that this server goes away. */
  close(): void
}

interface OpenConsole {
  browser: WebSocket
  connection: Connection
  target: ConsoleTarget
  caller: Caller
  identity: Identity
  record: CallRecord | undefined
  /** Aborts when the browser has gone. */
  gone: AbortSignal
}

interface ConsoleTarget {
  cluster: string
  namespace: string
  machine: string
  stream: 'vnc' | 'serial'
  /** Refuse instead of throwing another viewer of the screen out. */
  preserveSession: boolean
}

/** A refusal's HTTP status reaches the browser as a close code from 4400 on; scripts cannot see a handshake's answer. */
const closeCodeBase = 4000
const connectTimeoutMs = 30_000
/** Above `high` bytes on the way to a slow reader the writer is held back until it is below `low`. */
const water = { high: 512 * 1024, low: 128 * 1024 }

/**
 * Consoles between a browser and KubeVirt's stream subresources. The browser's handshake always completes, so that the
 * cluster's words reach the person as the close reason when it refuses.
 */
export function createConsoleRelay(options: ConsoleRelayOptions): ConsoleRelay {
  const { connections, log, pingIntervalMs = 20_000 } = options
  const open = new Set<WebSocket>()

  async function handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void> {
    const { request, socket } = upgrade
    const target = parseTarget(request.url ?? '')
    const connection = target && connections.get(target.cluster)
    if (!target || !connection) return refuseUpgrade(request, socket, buildStatus(404, 'There is no such console.'))
    const browser = await acceptWebSocket(upgrade, {
      maxPayload: 1024 * 1024,
      protocols: [streamProtocol, 'binary'],
    })
    const admitted = admit(target, caller)
    if ('kind' in admitted) {
      return closeSocket(browser, closeCodeBase + (admitted.code ?? 403), admitted.message ?? 'This is not allowed.')
    }
    open.add(browser)
    const gone = new AbortController()
    browser.once('close', () => {
      open.delete(browser)
      admitted.leave()
      gone.abort()
    })
    browser.on('error', (error) => log.debug({ err: error, requestId: caller.requestId }, 'console socket failed'))
    const endSession = () => closeSocket(browser, closeCodeBase + 401, 'Your session has ended; sign in again.')
    caller.ended.addEventListener('abort', endSession, { signal: gone.signal })
    if (caller.ended.aborted) endSession()
    keepAlive(browser, pingIntervalMs)
    const { identity } = admitted
    const record = beginRecord(target, caller)
    await connect({ browser, connection, target, caller, identity, record, gone: gone.signal })
  }

  /** With whose rights and in which place under their limits, or why not. */
  function admit(target: ConsoleTarget, caller: Caller): KubeStatus | { identity: Identity; leave: () => void } {
    const { cluster } = target
    const identity = caller.identityFor(cluster)
    if ('kind' in identity) return identity
    const refusal = options.guard?.({ caller, cluster, method: 'GET', path: apiPath(target), upgrade: true })
    if (refusal) {
      beginRecord(target, caller)?.finish({ status: refusal.code ?? 403, message: refusal.message })
      return refusal
    }
    const leave = options.limiter?.enter(limitKeyOf(caller, identity), 'stream') ?? (() => undefined)
    return typeof leave === 'function' ? { identity, leave } : leave
  }

  function beginRecord(target: ConsoleTarget, caller: Caller): CallRecord | undefined {
    const { cluster } = target
    return options.recorder?.begin({ caller, cluster, method: 'GET', path: apiPath(target), upgrade: true })
  }

  async function connect({ browser, connection, target, caller, identity, record, gone }: OpenConsole): Promise<void> {
    const { requestId, user } = caller
    // What is typed before the guest can hear it waits in the browser's own buffers.
    browser.pause()
    const line = { audit: true, requestId, user, ...target }
    const connecting = new AbortController()
    const abort = () => connecting.abort()
    gone.addEventListener('abort', abort, { once: true })
    const timer = setTimeout(abort, connectTimeoutMs)
    try {
      const { signal } = connecting
      const upstream = await openUpstream(connection, { path: apiPath(target), identity, signal })
      log.info({ ...line, status: 101 }, 'console opened')
      record?.opened(101)
      upstream.once('close', () => record?.finish({ status: 101 }))
      join(browser, upstream, caller)
    } catch (error) {
      if (gone.aborted) {
        record?.finish({ status: 0, message: 'The caller left before the answer.' })
        return
      }
      const refused = error instanceof StreamRefused ? error : new StreamRefused(500, String(error))
      log.info({ ...line, status: refused.code, reason: refused.message }, 'console refused')
      record?.finish({ status: refused.code, message: refused.message })
      closeSocket(browser, closeCodeBase + refused.code, refused.message)
    } finally {
      clearTimeout(timer)
    }
  }

  function join(browser: WebSocket, upstream: WebSocket, caller: Caller): void {
    pump(upstream, browser)
    pump(browser, upstream, () => caller.touch())
    upstream.on('error', (error) => log.debug({ err: error, requestId: caller.requestId }, 'console stream failed'))
    upstream.once('close', (code, reason) => {
      const [shownCode, words] = outcome(code, reason.toString())
      closeSocket(browser, shownCode, words)
    })
    browser.once('close', () => closeSocket(upstream, 1000, ''))
    if (browser.readyState !== WebSocket.OPEN) return closeSocket(upstream, 1000, '')
    upstream.resume()
    browser.resume()
  }

  return {
    handleUpgrade,
    close() {
      for (const browser of open) closeSocket(browser, 1001, 'The console server restarts.')
    },
  }
}

/** Passes messages on as bytes and lets the reader's pace be the writer's. */
function pump(from: WebSocket, to: WebSocket, onMessage?: () => void): void {
  let pending = 0
  from.on('message', (data) => {
    onMessage?.()
    const bytes = bytesOf(data)
    pending += bytes.length
    to.send(bytes, { binary: true }, () => {
      // Called with an error too, when the socket has closed: that is the close handlers' matter.
      pending -= bytes.length
      if (pending <= water.low && from.isPaused) from.resume()
    })
    if (pending >= water.high) from.pause()
  })
}

/** How the end of the guest's stream is told to the browser: 1005 and 1006 cannot be sent. */
function outcome(code: number, reason: string): [number, string] {
  if (code === 1000 || code === 1005) return [1000, reason || 'The stream has ended.']
  if (code === 1006) return [1011, 'The connection to the machine was lost.']
  const sendable = (code >= 1001 && code <= 1014 && code !== 1004) || code >= 3000
  return [sendable ? code : 1011, reason || 'The machine closed the stream.']
}

/** RFC 1123 names, as Kubernetes requires for namespaces and machines. */
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

function parseTarget(url: string): ConsoleTarget | undefined {
  const [pathname = '', query] = url.split('?', 2)
  const [root, prefix, cluster, namespace, machine, stream, ...rest] = pathname.split('/')
  if (root !== '' || prefix !== 'consoles' || rest.length > 0) return undefined
  if (!cluster || !namespace || !machine || !namePattern.test(namespace) || !namePattern.test(machine)) return undefined
  if (stream !== 'vnc' && stream !== 'serial') return undefined
  const preserveSession = stream === 'vnc' && new URLSearchParams(query).get('preserveSession') === 'true'
  return { cluster, namespace, machine, stream, preserveSession }
}

function apiPath({ namespace, machine, stream, preserveSession }: ConsoleTarget): string {
  const subresource = stream === 'vnc' ? 'vnc' : 'console'
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${machine}/${subresource}`
  return preserveSession ? `${path}?preserveSession=true` : path
}
