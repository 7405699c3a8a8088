import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { containerKinds } from '@/contract/kinds/container-workloads'
import type { Kind } from '@/contract/kinds/kind'
import { priorityClassKind } from '@/contract/kinds/policy'
import { builtInKinds, customKinds } from '@/contract/kinds/registry'
import { AdmissionChain, type AdmissionPlugin } from './admission/admission'
import { definitionNames } from './admission/definition-names'
import { policyAdmission } from './admission/policy'
import { serviceAddresses } from './admission/service-addresses'
import { standardAdmission } from './admission/standard'
import type { ApiContext } from './api-context'
import type { ApiObject } from './api-object'
import { type Clock, systemClock } from './clock'
import { BuiltInSchemas } from './discovery/built-in-schemas'
import { SchemaFiles } from './discovery/schema-files'
import { OpenApi } from './discovery/serve-open-api'
import { virtualGroups } from './discovery/virtual-groups'
import { pathNotFound } from './http/dispatch'
import { FlowControl, type FlowLimits } from './http/flow-control'
import { readRequestInfo, readUrl } from './http/request-info'
import { requirePermission, type ServerParts, serve } from './http/serve'
import type { Authorizer } from './identity/authorize'
import { instanceKeys } from './identity/instance-keys'
import { openIdentity, type Rotation } from './identity/start-identity'
import type { StaticUser } from './identity/user'
import { ensureDefinitions, ensureObject, firstPriorityClasses } from './lifecycle/bootstrap'
import { followDefinitions } from './lifecycle/definitions'
import { keepHouse } from './lifecycle/housekeeping'
import { keepKubernetesService, type ReachableAddress } from './lifecycle/kubernetes-service'
import { furnishNamespaces, keepFirstNamespaces } from './lifecycle/namespaces'
import { keepQuotas } from './lifecycle/resource-quotas'
import { type Log, silentLog } from './log'
import { PolicyIndex } from './policy/policy-index'
import { NamespaceUsage } from './quota/namespace-usage'
import { Registry } from './registry/registry'
import { createCipher } from './storage/cipher'
import { parseObject } from './storage/log-entry'
import { ObjectStore } from './storage/object-store'
import { RowMemory } from './storage/row-memory'
import type { SubresourceHandler } from './subresource-handler'
import { isMachineSubresource } from './subresources/find-handler'
import { createStreamUpgrader, refuseUpgrade } from './subresources/upgrade-subresource'
import { buildVersions, type VersionInfo } from './versions'
import { WatchHub } from './watch/watch-hub'
import { isTerminating } from './write/create-object'

export interface ApiServerOptions {
  /** The SQLite file; its directory exists and is private. */
  databasePath: string
  /** 32 bytes; Secrets are encrypted with it. */
  encryptionKey: Buffer
  /** Keys that were replaced: what they encrypted is brought under the present one in the background. */
  olderEncryptionKeys?: readonly Buffer[]
  users: readonly StaticUser[]
  /** Where the build put the schemas; without them every field of every kind passes. */
  schemasDirectory?: string
  /** Default: every kind of the contract. */
  kinds?: { builtIn: readonly Kind[]; custom: readonly Kind[] }
  subresources?: readonly SubresourceHandler[]
  /** Default: the rules that KubeVirt's, CDI's and Kubernetes' own admission have for the kinds served. */
  admission?: readonly AdmissionPlugin[]
  authorizer?: Authorizer
  /** How much one person may have under way. */
  flowLimits?: FlowLimits
  clock?: Clock
  log?: Log
  versionInfo?: VersionInfo
  /** PEM; published in every namespace as ConfigMap `kube-root-ca.crt`. */
  caCertificate?: string
  /** What is behind the Service `kubernetes`; absent where only this host reaches the server. */
  address?: ReachableAddress | undefined
  /** What is to be replaced at this start. */
  rotate?: readonly Rotation[]
  /** Files by URL path, e.g. `/images/demo.qcow2`; served to everyone, with byte ranges. */
  staticFiles?: Readonly<Record<string, string>>
}

/** A Kubernetes API as handlers for Node's http servers; which sockets it listens on is its owner's to say. */
export interface ApiServer {
  handleRequest(request: IncomingMessage, response: ServerResponse): void
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * PEM of what a TLS listener that takes client certificates must verify them against. It changes when an authority is
   * renewed, and when the time of a replaced one is over: to be asked for again every day.
   */
  clientAuthority(): Promise<string>
  /** Resolves to true when nothing needs the older encryption keys any more. */
  resealed: Promise<boolean>
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
    cipher: createCipher(options.encryptionKey, options.olderEncryptionKeys),
    sealed: new Set(['secrets', instanceKeys]),
    now: () => clock.now().getTime(),
  })
  const files = new SchemaFiles(options.schemasDirectory)
  const registry = new Registry([...kinds.builtIn, ...containerKinds], new BuiltInSchemas(files))
  const usage = new NamespaceUsage(store)
  const policyIndex = new PolicyIndex(store)
  const { users, caCertificate, rotate, authorizer } = options
  const identity = await openIdentity({ store, clock, users, caCertificate, authorizer, rotate })
  const api: ApiContext = {
    store,
    goingNamespaces: new RowMemory(store, ({ body }) => isTerminating(parseObject(body) as ApiObject)),
    registry,
    hub: new WatchHub(store),
    flow: new FlowControl(options.flowLimits),
    admission: new AdmissionChain([
      ...(options.admission ?? standardAdmission),
      ...identity.admission,
      definitionNames(store),
      serviceAddresses(store),
      ...policyAdmission({ usage, index: policyIndex, registry, authorizer: identity.authorizer, log }),
    ]),
    authorizer: identity.authorizer,
    clock,
    log,
  }
  const stops = [followDefinitions(api)]
  await ensureDefinitions(api, kinds.custom, files)
  stops.push(await keepFirstNamespaces(api))
  for (const object of firstPriorityClasses()) await ensureObject(api, priorityClassKind, object)
  await identity.start(api)
  stops.push(
    identity.stop,
    await keepKubernetesService(api, options.address),
    furnishNamespaces(api, caCertificate),
    keepHouse(api),
    keepQuotas(api, usage),
    policyIndex.stop,
  )

  const virtual = virtualGroups(subresources)
  const parts: ServerParts = {
    api,
    identity,
    subresources,
    discovery: { registry, virtualGroups: virtual },
    openApi: new OpenApi({ registry, virtualGroups: virtual, files }),
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
    resealed: options.olderEncryptionKeys?.length ? reseal(store, log) : Promise.resolve(true),
    clientAuthority: () => identity.clientAuthority.certificate(),
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

/** Goes on without: the older keys are then tried again at the next start. */
async function reseal(store: ObjectStore, log: Log): Promise<boolean> {
  try {
    return (await store.reseal()) !== undefined
  } catch (error) {
    log.error({ err: error }, 'cannot bring the cluster state under its new encryption key')
    return false
  }
}

async function upgrade(
  { api, identity }: ServerParts,
  streams: ReturnType<typeof createStreamUpgrader>,
  incoming: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const url = readUrl(incoming.request.url)
  const user = identity.authenticate(incoming.request)
  const info = readRequestInfo('GET', url)
  requirePermission(api, info, { user, query: url.searchParams })
  if (info.type !== 'resource' || !isMachineSubresource(info)) throw pathNotFound()
  await streams.upgrade(incoming, { info, query: url.searchParams, user })
}
