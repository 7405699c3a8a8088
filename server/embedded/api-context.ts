import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdmissionChain } from './admission/admission'
import type { Clock } from './clock'
import type { FlowControl } from './http/flow-control'
import type { ResourceRequestInfo } from './http/request-info'
import type { Authorizer } from './identity/authorize'
import type { User } from './identity/user'
import type { Log } from './log'
import type { Registry } from './registry/registry'
import type { Target } from './registry/served-resource'
import type { ObjectStore } from './storage/object-store'
import type { RowMemory } from './storage/row-memory'
import type { WatchHub } from './watch/watch-hub'

/** The parts of one API server, constructed once and handed to every verb. */
export interface ApiContext {
  store: ObjectStore
  /** Of each Namespace whether it is being deleted. */
  goingNamespaces: RowMemory<boolean>
  hub: WatchHub
  registry: Registry
  admission: AdmissionChain
  flow: FlowControl
  authorizer: Authorizer
  clock: Clock
  log: Log
}

/** A request about a resource, after routing, authentication and authorization. */
export interface ResourceCall {
  api: ApiContext
  request: IncomingMessage
  response: ServerResponse
  info: ResourceRequestInfo
  target: Target
  query: URLSearchParams
  user: User
}
