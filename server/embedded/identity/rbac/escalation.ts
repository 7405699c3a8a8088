import { jsonEqual } from '@/contract/json'
import type { ClusterRole, PolicyRule, RoleBinding } from '@/contract/kinds/rbac'
import { rbacGroup } from '@/contract/kinds/rbac'
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/admission'
import type { ApiObject } from '../../api-object'
import { forbidden, notFound } from '../../errors/status-error'
import { groupResource, resourceName } from '../../registry/served-resource'
import type { Authorizer } from '../authorize'
import { compactRules, describeRule, missingRules, quoteList } from './covers'
import { mastersGroup, type RbacAuthorizer } from './rbac-authorizer'
import { clusterRoleBindings, clusterRoles, type RoleIndex, roleBindings, roles } from './role-index'

export interface EscalationParts {
  index: RoleIndex
  rbac: RbacAuthorizer
  /** Who decides about the verbs `escalate` and `bind`. */
  authorizer: Authorizer
}

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/**
 * Nobody gives away what they do not have (RBAC documentation, "Privilege escalation prevention and bootstrapping"):
 * writing a role takes all its permissions or the verb `escalate`, binding one takes them or the verb `bind`.
 */
export function preventEscalation(parts: EscalationParts): AdmissionPlugin {
  return {
    name: 'RbacEscalation',
    resources: [roles, clusterRoles, roleBindings, clusterRoleBindings],
    validate(request) {
      if (!request.object || request.user.groups.includes(mastersGroup)) return
      if (request.old && onlyForGarbageCollection(request.object, request.old)) return
      const resource = resourceName(request.resource)
      if (resource === roles || resource === clusterRoles) checkRole(parts, request, request.object)
      else checkBinding(parts, request, request.object)
    },
  }
}

/** The garbage collector may always do its work. */
function onlyForGarbageCollection(object: ApiObject, old: ApiObject): boolean {
  const rest = (value: ApiObject) => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, ...metadata } = value.metadata
    return { ...value, metadata: { ...metadata, resourceVersion: undefined } }
  }
  const held = ({ metadata }: ApiObject) => [metadata.ownerReferences ?? [], metadata.finalizers ?? []]
  return jsonEqual(rest(object), rest(old)) && !jsonEqual(held(object), held(old))
}

function checkRole(parts: EscalationParts, request: AdmissionRequest, object: ApiObject): void {
  const namespace = object.metadata.namespace ?? ''
  const { allowed } = parts.authorizer.authorize({
    type: 'resource',
    user: request.user,
    verb: 'escalate',
    group: rbacGroup,
    version: '*',
    resource: request.resource.plural,
    subresource: '',
    namespace,
    name: object.metadata.name,
  })
  if (allowed) return
  // Checked by the kind's strategy before.
  const role = object as unknown as ClusterRole
  const old = request.old as unknown as ClusterRole | undefined
  requireHeld(parts, request, role.rules ?? [])
  if (!role.aggregationRule && !old?.aggregationRule) return
  const { rules } = parts.rbac.rulesFor(request.user, '')
  if (missingRules(rules, everything).length === 0) return
  throw forbidden(
    groupResource(request.resource),
    object.metadata.name,
    'must have cluster-admin privileges to use the aggregationRule',
  )
}

function checkBinding(parts: EscalationParts, request: AdmissionRequest, object: ApiObject): void {
  // As above.
  const { roleRef } = object as unknown as RoleBinding
  const namespace = object.metadata.namespace ?? ''
  const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  const { allowed } = parts.authorizer.authorize({
    type: 'resource',
    user: request.user,
    verb: 'bind',
    group: rbacGroup,
    version: '*',
    resource: plural,
    subresource: '',
    namespace,
    name: roleRef.name,
  })
  if (allowed) return
  const role = parts.index.role(roleRef, namespace)
  if (!role) throw notFound({ group: rbacGroup, name: plural }, roleRef.name)
  requireHeld(parts, request, role.rules)
}

function requireHeld({ rbac }: EscalationParts, request: AdmissionRequest, wanted: readonly PolicyRule[]): void {
  const { user, object, resource } = request
  const { rules, missing: unresolved } = rbac.rulesFor(user, object?.metadata.namespace ?? '')
  const missing = missingRules(rules, wanted)
  if (missing.length === 0) return
  const listed = [...new Set(compactRules(missing).map(describeRule))].sort().join('\n')
  const errors = unresolved.length > 0 ? `; resolution errors: [${unresolved.join(', ')}]` : ''
  throw forbidden(
    groupResource(resource),
    object?.metadata.name ?? '',
    `user ${JSON.stringify(user.name)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${listed}${errors}`,
  )
}
