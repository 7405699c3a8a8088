import os from 'node:os'
import type { Home } from '../home/home'
import { lockSocket } from '../home/instance-lock'
import { StartError } from '../start-error'

/** Where each part of an instance keeps its things below the home. */
export interface Layout {
  lockSocket: string
  clusterSocket: string
  logs: string
  image(name: string): string
  nodes: { name: string; directory: string; socket: string }[]
}

// sun_path holds 108 bytes with its closing zero (unix(7)).
const longestSocketPath = 107

/** Makes the directories with the owners that keep each part to itself. */
export function layOut(home: Home, nodeCount: number): Layout {
  const { uids } = home
  home.directory({ path: home.file('run'), mode: uids ? 0o711 : 0o700 })
  home.directory({ path: home.file('run', 'cluster'), mode: uids ? 0o711 : 0o700, owner: uids?.cluster })
  // Clients open the directory itself, so that the length of its path does not matter.
  home.directory({ path: home.file('run', 'nodes'), mode: uids ? 0o755 : 0o700 })
  home.directory({ path: home.file('cluster'), mode: 0o700, owner: uids?.cluster })
  home.directory({ path: home.file('console'), mode: 0o700, owner: uids?.console })
  home.directory({ path: home.file('tls'), mode: 0o711 })
  home.directory({ path: home.file('images'), mode: 0o755 })
  home.directory({ path: home.file('nodes'), mode: uids ? 0o711 : 0o700 })
  const logs = home.directory({ path: home.file('logs'), mode: 0o700 })
  const nodes = nodeNames(nodeCount).map((name) => ({
    name,
    directory: home.directory({ path: home.file('nodes', name), mode: uids ? 0o711 : 0o700 }),
    socket: home.file('run', 'nodes', `${name}.sock`),
  }))
  checkSocketPath(home.file('run', 'cluster', 'api.sock'))
  return {
    lockSocket: lockSocket(home),
    clusterSocket: home.file('run', 'cluster', 'api.sock'),
    logs,
    image: (name) => home.file('images', name),
    nodes,
  }
}

/** The host's name first, as Kubernetes wants it; further nodes of the same host are numbered. */
export function nodeNames(count: number): string[] {
  const host =
    os
      .hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
      .slice(0, 40) || 'host'
  return Array.from({ length: count }, (_, index) => (index === 0 ? host : `${host}-${index + 1}`))
}

function checkSocketPath(socket: string): void {
  const excess = Buffer.byteLength(socket) - longestSocketPath
  if (excess > 0) {
    throw new StartError(
      `The home's path is too long for unix sockets by ${excess} characters; choose a shorter one with --home.`,
    )
  }
}
