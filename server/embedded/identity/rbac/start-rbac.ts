import type { AdmissionPlugin } from '../../admission/admission'
import type { ApiContext } from '../../api-context'
import type { ObjectStore } from '../../storage/object-store'
import type { Authorizer } from '../authorize'
import { aggregateRoles } from './aggregation'
import { ensureDefaultPolicy } from './default-policy'
import { preventEscalation } from './escalation'
import { RbacAuthorizer } from './rbac-authorizer'
import { clusterRoleBindings, clusterRoles, RoleIndex } from './role-index'

export interface Rbac {
  authorizer: Authorizer
  escalation: AdmissionPlugin
  /** Brings the default roles and keeps aggregated ones up to date; returns what stops that. */
  bringDefaults(api: ApiContext): Promise<() => void>
  stop(): void
}

/** Roles and bindings of a store as an authorizer; `instead` decides in its place, if given. */
export function startRbac(store: ObjectStore, instead?: Authorizer): Rbac {
  const index = new RoleIndex()
  const stop = index.follow(store)
  const rbac = new RbacAuthorizer(index)
  const authorizer = instead ?? rbac
  return {
    authorizer,
    escalation: preventEscalation({ index, rbac, authorizer }),
    async bringDefaults(api) {
      // A server that is given other kinds may have no roles to keep.
      if (!api.registry.byName(clusterRoles) || !api.registry.byName(clusterRoleBindings)) return () => undefined
      await ensureDefaultPolicy(api)
      const aggregation = aggregateRoles(api)
      await aggregation.settled()
      return aggregation.stop
    },
    stop,
  }
}
