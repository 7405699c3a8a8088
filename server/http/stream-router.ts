import type { Logger } from 'pino'
import type { Authenticator } from '@/server/auth/authenticator'
import type { Peers } from '@/server/peers/peers'
import type { Caller } from '@/server/proxy/caller'
import { type buildStatus, refuseUpgrade } from '@/server/proxy/status-response'
import type { Upgrade } from '@/server/proxy/upgrade'
import { isKnownHost, unknownHost } from './host-check'
import { markRequest } from './request-marks'
import { isBelow } from './route-of'

type StreamOwner = (upgrade: Upgrade, caller: Caller) => Promise<void>

export interface StreamRouterOptions {
  authenticator: Authenticator
  proxy: { handleUpgrade: StreamOwner }
  consoles: { handleUpgrade: StreamOwner }
  live: { handleUpgrade: StreamOwner }
  /** Next's development server takes its own; left out: there is none. */
  development:
    | { forwardUpgrade: (request: Upgrade['request'], socket: Upgrade['socket'], head: Buffer) => void }
    | undefined
  /** The other replicas of this console, once they are known; undefined where it is alone. */
  peers: () => Peers | undefined
  /** Names to answer to besides localhost and addresses. */
  knownHosts: ReadonlySet<string>
  log: Logger
}

interface OpenStream {
  owner: StreamOwner
  upgrade: Upgrade
  /** Without query. */
  path: string
  /** The client's address when another replica passes the stream on. */
  forwardedFor: string | undefined
}

/** Decides for each upgrade who takes it, once it is known who asks; false when nobody owns the path. */
export function createStreamRouter(options: StreamRouterOptions): (upgrade: Upgrade) => boolean {
  const { authenticator, development, log } = options

  function dispatchUpgrade(upgrade: Upgrade): boolean {
    const { request, socket, head } = upgrade
    authenticator.receive(request)
    const forwardedFor = options.peers()?.acceptFromPeer(request)
    const { requestId } = markRequest(request)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (!isKnownHost(request, options.knownHosts)) {
      refuseUpgrade(request, socket, unknownHost())
      return true
    }
    if (development && path.startsWith('/_next/')) {
      development.forwardUpgrade(request, socket, head)
      return true
    }
    const owner = streamOwner(path)
    if (!owner) return false
    openStream({ owner, upgrade, path, forwardedFor }, requestId).catch((error: unknown) => {
      log.error({ err: error, requestId, path }, 'a stream failed')
      socket.destroy()
    })
    return true
  }

  async function openStream({ owner, upgrade, path, forwardedFor }: OpenStream, requestId: string): Promise<void> {
    const caller = await authenticator.authenticate(upgrade.request, requestId)
    if (!isCaller(caller)) return refuseUpgrade(upgrade.request, upgrade.socket, caller)
    // Passed on once is enough: two replicas that each take the other for the owner would do so for ever.
    if (forwardedFor !== undefined) return owner(upgrade, { ...caller, address: forwardedFor })
    if (await isForwardedToOwner(upgrade, path, caller)) return
    return owner(upgrade, caller)
  }

  /** A machine's consoles are kept together on one replica. What a trusted proxy vouches for, only its peer can know. */
  async function isForwardedToOwner(upgrade: Upgrade, path: string, caller: Caller): Promise<boolean> {
    const peers = options.peers()
    if (!peers || caller.source === 'proxy' || !isBelow(path, '/consoles')) return false
    return peers.forwardUpgrade(path.split('/').slice(0, 5).join('/'), upgrade, caller.address)
  }

  function streamOwner(path: string): StreamOwner | undefined {
    if (isBelow(path, '/k8s')) return options.proxy.handleUpgrade
    if (isBelow(path, '/consoles')) return options.consoles.handleUpgrade
    return path === '/live' ? options.live.handleUpgrade : undefined
  }

  return dispatchUpgrade
}

/** A caller has an identity; a refusal is a Status. */
export function isCaller(value: Caller | ReturnType<typeof buildStatus>): value is Caller {
  return 'identityFor' in value
}
