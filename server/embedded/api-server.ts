import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { namespaceKind } from '@/contract/kinds/core'
import type { Kind } from '@/contract/kinds/kind'
import { builtInKinds, customKinds } from '@/contract/kinds/registry'
import { AdmissionChain, type AdmissionPlugin } from './admission/admission'
import { standardAdmission } from './admission/standard'
import type { ApiContext } from './api-context'
import { type Clock, systemClock } from './clock'
import { OpenApiV3 } from './discovery/open-api-v3'
import { virtualGroups } from './discovery/virtual-groups'
import { pathNotFound } from './http/dispatch'
import { readRequestInfo } from './http/request-info'
import { requirePermission, type ServerParts, serve } from './http/serve'
import { createAuthenticator } from './identity/authenticate'
import { type Authorizer, mastersOnly } from './identity/authorize'
import type { StaticUser } from './identity/user'
import { ensureDefinitions, ensureObject, firstNamespaces } from './lifecycle/bootstrap'
import { followDefinitions } from './lifecycle/definitions'
import { keepHouse } from './lifecycle/housekeeping'
import { furnishNamespaces } from './lifecycle/namespaces'
import { type Log, silentLog } from './log'
import { Registry } from './registry/registry'
import { createCipher } from './storage/cipher'
import { ObjectStore } from './storage/object-store'
import type { SubresourceHandler } from './subresource-handler'
import { isMachineSubresource } from './subresources/find-handler'
import { createStreamUpgrader, refuseUpgrade } from './subresources/upgrade-subresource'
import { buildVersions, type VersionInfo } from './versions'
import { WatchHub } from './watch/watch-hub'

export interface ApiServerOptions {
  /** The SQLite file; its directory exists and is private. */
  databasePath: string
  /** 32 bytes; Secrets are encrypted with it. */
  encryptionKey: Buffer
  users: readonly StaticUser[]
  /** Default: every kind of the contract. */
  kinds?: { builtIn: readonly Kind[]; custom: readonly Kind[] }
  subresources?: readonly SubresourceHandler[]
  /** Default: the rules that KubeVirt's, CDI's and Kubernetes' own admission have for the kinds served. */
  admission?: readonly AdmissionPlugin[]
  authorizer?: Authorizer
  clock?: Clock
  log?: Log
  versionInfo?: VersionInfo
  /** PEM; published in every namespace as ConfigMap `kube-root-ca.crt`. */
  caCertificate?: string
  /** Files by URL path, e.g. `/images/demo.qcow2`; served to everyone, with byte ranges. */
  staticFiles?: Readonly<Record<string, string>>
}

/** A Kubernetes API as handlers for Node's http servers; which sockets it listens on is its owner's to say. */
export interface ApiServer {
  handleRequest(request: IncomingMessage, response: ServerResponse): void
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends watches and streams, commits what is queued and closes the database. */
  close(): Promise<void>
}

/**
 * Opens the state, brings what every cluster has, and serves. Throws an Error of one sentence when the state cannot be
 * opened.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock = systemClock, log = silentLog, subresources = [] } = options
  const kinds = options.kinds ?? { builtIn: builtInKinds, custom: customKinds }
  const store = new ObjectStore({
    path: options.databasePath,
    cipher: createCipher(options.encryptionKey),
    sealed: new Set(['secrets']),
    now: () => clock.now().getTime(),
  })
  const registry = new Registry(kinds.builtIn)
  const api: ApiContext = {
    store,
    registry,
    hub: new WatchHub(store),
    admission: new AdmissionChain(options.admission ?? standardAdmission),
    authorizer: options.authorizer ?? mastersOnly,
    clock,
    log,
  }
  const stops = [followDefinitions(api)]
  await ensureDefinitions(api, kinds.custom)
  for (const name of firstNamespaces) {
    await ensureObject(api, namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  stops.push(furnishNamespaces(api, options.caCertificate), keepHouse(api))

  const parts: ServerParts = {
    api,
    authenticate: createAuthenticator(options.users),
    subresources,
    discovery: { registry, virtualGroups: virtualGroups(subresources) },
    openApiV3: new OpenApiV3(registry),
    versions: buildVersions(options.versionInfo),
    staticFiles: options.staticFiles ?? {},
  }
  const streams = createStreamUpgrader(subresources)
  return {
    handleRequest: (request, response) => serve(parts, request, response),
    handleUpgrade: (request, socket, head) => {
      // A client that leaves before it is answered must not end the process.
      socket.on('error', () => socket.destroy())
      upgrade(parts, streams, { request, socket, head }).catch((error: unknown) => refuseUpgrade(socket, error))
    },
    close: async () => {
      for (const stop of stops) stop()
      streams.close()
      api.hub.close()
      // What is still being answered writes its last.
      await new Promise((resolve) => setImmediate(resolve))
      store.close()
    },
  }
}

async function upgrade(
  { api, authenticate }: ServerParts,
  streams: ReturnType<typeof createStreamUpgrader>,
  incoming: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const url = new URL(incoming.request.url ?? '/', 'http://localhost')
  const user = authenticate(incoming.request)
  const info = readRequestInfo('GET', url)
  requirePermission(api, info, user)
  if (info.type !== 'resource' || !isMachineSubresource(info)) throw pathNotFound()
  await streams.upgrade(incoming, { info, query: url.searchParams, user })
}
