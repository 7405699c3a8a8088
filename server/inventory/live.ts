import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { LiveMessage, LiveQuery } from '@/contract/live'
import type { ConnectionDirectory } from '@/server/cluster/connection'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus } from '@/server/proxy/status-response'
import type { Upgrade } from '@/server/proxy/upgrade'
import { acceptWebSocket, bytesOf, closeSocket, keepAlive } from '@/server/proxy/web-socket'
import { createOutbox, TooSlow } from './live-outbox'
import { isSecretQuery, readLiveRequest } from './live-query'
import { runLiveSubscription } from './live-subscription'

export interface LiveOptions {
  connections: ConnectionDirectory
  log: Logger
  limits?: Partial<LiveLimits>
  /** Follows outages of a cluster's API server; returns what ends that. */
  onOutage?: ((cluster: string, listener: (message: string) => void) => () => void) | undefined
}

export interface LiveLimits {
  /** Subscriptions that one socket may have open. */
  subscriptions: number
  /** Bytes on the way to a browser above which nothing more is read for it. */
  bufferedBytes: number
  /** A browser that does not take what is on the way within this time is dropped. */
  drainMs: number
  pingIntervalMs: number
  /** How long an API server may say nothing when a list or watch begins. */
  silenceMs: number
}

export interface Live {
  /** Answers an upgrade to `/live` (contract/live.ts). Never rejects. */
  handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void>
  /** Tells every browser that this server goes away. */
  close(): void
}

const defaultLimits: LiveLimits = {
  subscriptions: 200,
  bufferedBytes: 4 * 1024 * 1024,
  drainMs: 15_000,
  pingIntervalMs: 20_000,
  silenceMs: 20_000,
}

/** Close codes of our own beside the standard 1001. */
const closeCodes = { badMessage: 4400, sessionEnded: 4401, goingAway: 1001 }

/** One socket per browser tab with many subscriptions, each a list and a watch with the person's own rights. */
export function createLive({ connections, log, limits: given, onOutage }: LiveOptions): Live {
  const limits = { ...defaultLimits, ...given }
  const open = new Set<WebSocket>()

  async function handleUpgrade(upgrade: Upgrade, caller: Caller): Promise<void> {
    const socket = await acceptWebSocket(upgrade, { maxPayload: 64 * 1024 })
    const gone = new AbortController()
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      gone.abort()
    })
    socket.on('error', (error) => log.debug({ err: error, requestId: caller.requestId }, 'live socket failed'))
    const endSession = () => closeSocket(socket, closeCodes.sessionEnded, 'Your session has ended; sign in again.')
    caller.ended.addEventListener('abort', endSession, { signal: gone.signal })
    if (caller.ended.aborted) endSession()
    keepAlive(socket, limits.pingIntervalMs)
    serve(socket, caller, gone.signal)
  }

  function serve(socket: WebSocket, caller: Caller, gone: AbortSignal): void {
    const subscriptions = new Map<number, AbortController>()
    const outbox = createOutbox(socket, limits)
    gone.addEventListener('abort', () => {
      for (const subscription of subscriptions.values()) subscription.abort()
    })

    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : readLiveRequest(bytesOf(data).toString('utf8'))
      if (!message) return closeSocket(socket, closeCodes.badMessage, 'This is no message of the live protocol.')
      caller.touch()
      subscriptions.get(message.id)?.abort()
      subscriptions.delete(message.id)
      if (message.op === 'subscribe') subscribe(message.id, message.query)
    })

    function subscribe(id: number, query: LiveQuery): void {
      const connection = connections.get(query.cluster)
      const identity = connection && caller.identityFor(query.cluster)
      const refused = identity && 'kind' in identity ? identity : refusalOf(query, subscriptions.size)
      if (!connection || !identity || 'kind' in identity || refused) {
        const status = refused ?? buildStatus(404, `There is no cluster "${query.cluster}" here.`)
        outbox({ id, type: 'error', status, retrying: false }).catch(() => undefined)
        return
      }
      const subscription = new AbortController()
      const { signal } = subscription
      subscriptions.set(id, subscription)
      const send = async (message: LiveMessage) => {
        // The id may already belong to another query of the browser's.
        if (!signal.aborted) await outbox(message)
      }
      const outages = onOutage && ((listener: (message: string) => void) => onOutage(query.cluster, listener))
      const { silenceMs } = limits
      runLiveSubscription({ id, connection, query, identity, signal, send, silenceMs, onOutage: outages })
        .catch((error: unknown) => {
          if (signal.aborted) return
          if (error instanceof TooSlow)
            return log.info({ requestId: caller.requestId, query }, 'a slow browser was dropped')
          log.error({ err: error, requestId: caller.requestId, query }, 'live subscription failed')
          closeSocket(socket, 1011, 'The live updates failed; reconnect.')
        })
        .finally(() => {
          if (subscriptions.get(id) === subscription) subscriptions.delete(id)
        })
    }
  }

  function refusalOf(query: LiveQuery, subscribed: number) {
    if (isSecretQuery(query)) return buildStatus(403, 'Secrets are not sent as live updates; fetch the one you need.')
    if (subscribed >= limits.subscriptions) {
      return buildStatus(429, `A page may follow ${limits.subscriptions} lists at a time.`)
    }
    return undefined
  }

  return {
    handleUpgrade,
    close() {
      for (const socket of open) closeSocket(socket, closeCodes.goingAway, 'The console server restarts.')
    },
  }
}
