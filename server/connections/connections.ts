import type { ConnectionInfo } from '@/contract/connections'
import type { Clock } from '@/server/cluster/clock'
import type { Connection, ConnectionDirectory } from '@/server/cluster/connection'
import { createHealth, type Health, type HealthOptions, type Pace } from './health'

/** One cluster that this console reaches, as the rooms of the server know it. */
export interface ManagedConnection {
  readonly name: string
  readonly displayName: string
  readonly type: ConnectionInfo['type']
  /** Added by people in the console. */
  readonly removable: boolean
  /** Host and port; undefined for a unix socket. */
  readonly server: string | undefined
  /** The kubeconfig's user entry and context, for people. */
  readonly user: string | undefined
  readonly context: string | undefined
  /** The context's namespace. */
  readonly namespace: string | undefined
  /** The same object as long as there is a connection of this name, whatever it leads to meanwhile. */
  readonly connection: Connection
  readonly health: Health
}

/** What makes a connection; `connection` is closed when another one takes its place. */
export interface ConnectionEntry
  extends Omit<ManagedConnection, 'health' | 'removable' | 'server' | 'user' | 'context' | 'namespace'> {
  removable?: boolean
  server?: string | undefined
  user?: string | undefined
  context?: string | undefined
  namespace?: string | undefined
  credentialsExpireAt?: () => number | undefined
}

/** What the gateway asks of the connections. */
export interface GatewayConnections extends ConnectionDirectory {
  /** In the order in which they are shown, the first one first. */
  list(): readonly Pick<ManagedConnection, 'name' | 'displayName' | 'type' | 'connection'>[]
  /**
   * Follows outages of one cluster: called with a sentence each time its API server stops answering as it should. While
   * somebody follows, it is asked often. Returns what ends it.
   */
  onOutage?(name: string, listener: (message: string) => void): () => void
}

/** Every connection of this console; proxy, live updates and consoles look theirs up here at every call. */
export interface Connections extends GatewayConnections {
  find(name: string): ManagedConnection | undefined
  list(): readonly ManagedConnection[]
  /** Called after connections came, went or changed. Returns what ends it. */
  onChange(listener: () => void): () => void
  onOutage(name: string, listener: (message: string) => void): () => void
  /** Adds a connection or puts it in the place of the one of its name; streams over the former one end. */
  set(entry: ConnectionEntry): void
  /** Other words for people. */
  rename(name: string, displayName: string): void
  /** Streams over it end. */
  remove(name: string): void
  close(): void
}

export interface ConnectionsOptions {
  clock?: Clock
  pace?: Partial<Pace>
  /** How long an API server may take to answer a probe; default 5 s. */
  answerWithinMs?: number
}

export function createConnections(options: ConnectionsOptions = {}): Connections {
  const managed = new Map<string, ManagedConnection>()
  const slots = new Map<string, SwitchedConnection>()
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of listeners) listener()
  }

  function set(entry: ConnectionEntry): void {
    const { name } = entry
    const slot = slots.get(name) ?? createSwitchedConnection(name)
    slots.set(name, slot)
    slot.switchTo(entry.connection)
    managed.get(name)?.health.stop()
    const health: HealthOptions = { connection: slot, ...options }
    if (entry.credentialsExpireAt) health.credentialsExpireAt = entry.credentialsExpireAt
    managed.set(name, {
      name,
      displayName: entry.displayName,
      type: entry.type,
      removable: entry.removable ?? false,
      server: entry.server,
      user: entry.user,
      context: entry.context,
      namespace: entry.namespace,
      connection: slot,
      health: createHealth(health),
    })
    changed()
  }

  function onOutage(name: string, listener: (message: string) => void): () => void {
    let stop = () => {}
    const follow = () => {
      stop()
      stop =
        managed.get(name)?.health.follow(({ state, message = '' }) => {
          if (state === 'unreachable' || state === 'refusing') listener(message)
        }) ?? (() => {})
    }
    follow()
    // A connection that was replaced has another health.
    listeners.add(follow)
    return () => {
      stop()
      listeners.delete(follow)
    }
  }

  return {
    get: (name) => managed.get(name)?.connection,
    find: (name) => managed.get(name),
    list: () => [...managed.values()],
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onOutage,
    set,
    rename(name, displayName) {
      const known = managed.get(name)
      if (!known || known.displayName === displayName) return
      managed.set(name, { ...known, displayName })
      changed()
    },
    remove(name) {
      managed.get(name)?.health.stop()
      if (!managed.delete(name)) return
      slots.get(name)?.switchTo(undefined)
      changed()
    },
    close() {
      for (const { health } of managed.values()) health.stop()
      for (const slot of slots.values()) slot.close()
      managed.clear()
    },
  }
}

interface SwitchedConnection extends Connection {
  switchTo(inner: Connection | undefined): void
}

/** Leads to whatever connection there is of a name: who holds it goes on when the connection comes back or changes. */
function createSwitchedConnection(name: string): SwitchedConnection {
  let inner: Connection | undefined

  function present(): Connection {
    if (!inner) throw new Error('it was removed from this console')
    return inner
  }

  return {
    name,
    request: async (request) => present().request(request),
    upgrade: async (request) => present().upgrade(request),
    switchTo(next) {
      const former = inner
      inner = next
      former?.close()
    },
    close: () => inner?.close(),
  }
}
