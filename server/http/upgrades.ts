import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { buildStatus, refuseUpgrade } from '@/server/proxy/status-response'
import type { Upgrade } from '@/server/proxy/upgrade'

export interface UpgradesOptions {
  server: Server
  /** Gives an upgrade to whoever owns its path; false when nobody does. */
  dispatch: (upgrade: Upgrade) => boolean
  onCount: (open: number) => void
  log: Logger
  maxOpen: number
}

export interface Upgrades {
  /** Cuts everything that is still open. */
  destroyAll(): void
}

/**
 * The only listener for upgrades of the server: Next would add its own, resolve the path as a page and end the socket, so
 * it is given another server to listen on. What nobody owns is refused, never left hanging.
 */
export function serveUpgrades({ server, dispatch, onCount, log, maxOpen }: UpgradesOptions): Upgrades {
  const open = new Set<Duplex>()

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket)
    onCount(open.size)
    // Without a listener a reset by the peer would end the process; the owner learns of it by 'close'.
    socket.on('error', (error) => log.debug({ err: error }, 'upgraded socket failed'))
    socket.once('close', () => {
      open.delete(socket)
      onCount(open.size)
    })
    if (open.size > maxOpen) {
      return refuseUpgrade(request, socket, buildStatus(503, 'Too many streams are open.', 5))
    }
    if (!dispatch({ request, socket, head })) {
      refuseUpgrade(request, socket, buildStatus(404, 'There is no stream at this address.'))
    }
  })

  return {
    destroyAll() {
      for (const socket of open) socket.destroy()
    },
  }
}
