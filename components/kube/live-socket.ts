import type { LiveMessage, LiveQuery, LiveRequest } from '@/contract/live'
import { applyLiveMessages, emptyLiveState, type LiveState } from './live-state'

export type LiveConnection = 'idle' | 'connecting' | 'open' | 'lost'

export interface LiveSocketOptions {
  /** `ws://…/live`; asked at every attempt. */
  address: () => string
  /** Receives every new state of a subscription. */
  publish: (query: LiveQuery, state: LiveState) => void
  /** Nobody has asked for this query for a while. */
  forget: (query: LiveQuery) => void
  /** An attempt failed before the socket opened: perhaps the session is over, which a socket cannot tell. */
  onRefused?: () => void
  /** How long a subscription outlives its last reader, so that going back to a page is instant. Milliseconds. */
  lingerMs?: number
  /** Runs the function with the next picture. Default: animation frame, or soon when the tab is hidden. */
  schedule?: (apply: () => void) => void
  /** First pause between attempts, milliseconds; doubles up to thirty times itself. */
  retryMs?: number
}

interface Subscription {
  id: number
  query: LiveQuery
  readers: number
  state: LiveState
  pending: LiveMessage[]
  lingering?: ReturnType<typeof setTimeout>
}

/** The one socket of this tab: equal queries share a subscription, and every break ends in a new snapshot. */
export class LiveSocket {
  #socket: WebSocket | undefined
  #connection: LiveConnection = 'idle'
  #attempt = 0
  #nextId = 1
  #closed = false
  #scheduled = false
  #retry: ReturnType<typeof setTimeout> | undefined
  readonly #byKey = new Map<string, Subscription>()
  readonly #byId = new Map<number, Subscription>()
  readonly #watchers = new Set<() => void>()

  constructor(private readonly options: LiveSocketOptions) {}

  get connection(): LiveConnection {
    return this.#connection
  }

  /** Calls back at every change of `connection`; returns the way to stop that. */
  onConnection = (changed: () => void): (() => void) => {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /** Wants the objects of a query; returns the way to stop wanting them. Connects when it is the first. */
  subscribe(query: LiveQuery): () => void {
    const key = liveKey(query)
    const subscription = this.#byKey.get(key) ?? this.#add(key, query)
    clearTimeout(subscription.lingering)
    subscription.readers += 1
    this.#closed = false
    if (this.#socket === undefined && this.#retry === undefined) this.#connect()
    let wanted = true
    return () => {
      if (!wanted) return
      wanted = false
      subscription.readers -= 1
      if (subscription.readers > 0) return
      subscription.lingering = setTimeout(() => this.#drop(key, subscription), this.options.lingerMs ?? 15_000)
    }
  }

  /** Tries now instead of at the end of the pause (the network is back, the tab is looked at again). */
  retryNow = (): void => {
    if (this.#retry === undefined || this.#closed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#connect()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#retry = undefined
    for (const subscription of this.#byKey.values()) clearTimeout(subscription.lingering)
    this.#socket?.close()
    this.#socket = undefined
    this.#setConnection('idle')
  }

  #add(key: string, query: LiveQuery): Subscription {
    const subscription: Subscription = { id: this.#nextId++, query, readers: 0, state: emptyLiveState, pending: [] }
    this.#byKey.set(key, subscription)
    this.#byId.set(subscription.id, subscription)
    this.#send({ op: 'subscribe', id: subscription.id, query })
    return subscription
  }

  #drop(key: string, subscription: Subscription): void {
    this.#byKey.delete(key)
    this.#byId.delete(subscription.id)
    this.#send({ op: 'unsubscribe', id: subscription.id })
    this.options.forget(subscription.query)
  }

  #connect(): void {
    this.#setConnection(this.#attempt === 0 ? 'connecting' : 'lost')
    const socket = new WebSocket(this.options.address())
    this.#socket = socket
    let opened = false
    socket.addEventListener('open', () => {
      opened = true
      this.#attempt = 0
      this.#setConnection('open')
      for (const { id, query } of this.#byKey.values()) this.#send({ op: 'subscribe', id, query })
    })
    socket.addEventListener('message', (event: MessageEvent<string>) => this.#receive(event.data))
    // A close follows every error, and only the close decides what happens next.
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      if (this.#closed) return
      if (!opened) this.options.onRefused?.()
      this.#lose()
    })
  }

  #lose(): void {
    this.#setConnection('lost')
    for (const subscription of this.#byKey.values()) {
      subscription.pending.push({ id: subscription.id, type: 'stale', message: '' })
    }
    this.#apply()
    const first = this.options.retryMs ?? 500
    const pause = Math.min(first * 2 ** this.#attempt, first * 30)
    this.#attempt += 1
    // A little spread, so that all tabs of a restarted server do not come back in the same instant.
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        this.#connect()
      },
      pause * (0.75 + Math.random() / 2),
    )
  }

  #receive(data: string): void {
    // The frames of our own server, agreed in contract/live.ts.
    const message = JSON.parse(data) as LiveMessage
    const subscription = this.#byId.get(message.id)
    if (subscription === undefined) return
    subscription.pending.push(message)
    if (this.#scheduled) return
    this.#scheduled = true
    ;(this.options.schedule ?? nextPicture)(() => this.#apply())
  }

  #apply(): void {
    this.#scheduled = false
    for (const subscription of this.#byKey.values()) {
      if (subscription.pending.length === 0) continue
      const next = applyLiveMessages(subscription.state, subscription.pending)
      subscription.pending = []
      if (next === subscription.state) continue
      subscription.state = next
      this.options.publish(subscription.query, next)
    }
  }

  #send(request: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request))
  }

  #setConnection(connection: LiveConnection): void {
    if (this.#connection === connection) return
    this.#connection = connection
    for (const changed of this.#watchers) changed()
  }
}

/** The identity of a query: equal queries have equal keys whatever the order of their fields. */
export function liveKey(query: LiveQuery): string {
  const { cluster, group, version, plural, namespace, name, labelSelector, fieldSelector } = query
  return JSON.stringify([cluster, group, version, plural, namespace, name, labelSelector, fieldSelector])
}

/** A hidden tab gets no animation frames; a timer makes sure that its messages do not pile up. */
function nextPicture(apply: () => void): void {
  let done = false
  const once = () => {
    if (done) return
    done = true
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    apply()
  }
  const timer = setTimeout(once, 500)
  const frame = requestAnimationFrame(once)
}
