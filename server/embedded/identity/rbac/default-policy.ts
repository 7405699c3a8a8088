import { jsonEqual } from '@/contract/json'
import {
  type ClusterRole,
  clusterRoleBindingKind,
  clusterRoleKind,
  type RoleBinding,
  rbacGroup,
} from '@/contract/kinds/rbac'
import type { ApiContext } from '../../api-context'
import type { ApiObject } from '../../api-object'
import { builtInTarget, ensureObject, serverWrite } from '../../lifecycle/bootstrap'
import { decideDelete } from '../../write/delete-object'
import { decideUpdate } from '../../write/update-object'
import { reader } from '../../write/write-context'
import { missingRules } from './covers'
import { aggregateTo, type DefaultRole, groupSubject } from './default-role'
import { kubernetesRoles } from './kubernetes-roles'
import { cdiRoles, kubevirtRoles } from './kubevirt-roles'
import { clusterRoleBindings, clusterRoles } from './role-index'

const apiVersion = `${rbacGroup}/v1`
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate'

export const defaultRoles: readonly DefaultRole[] = [...kubernetesRoles, ...kubevirtRoles, ...cdiRoles]

/**
 * Brings the default roles and bindings, and adds to those that are there what they lack, unless their annotation
 * `autoupdate` is "false" (RBAC documentation, "Auto-reconciliation"). What people added stays.
 */
export async function ensureDefaultPolicy(api: ApiContext): Promise<void> {
  await Promise.all([
    ...defaultRoles.map((role) => ensureRole(api, roleOf(role))),
    ...defaultRoles.flatMap((role) => {
      const binding = bindingOf(role)
      return binding ? [ensureBinding(api, binding)] : []
    }),
  ])
}

function metadataOf({ name, labels }: DefaultRole): ClusterRole['metadata'] {
  return { name, labels: { ...labels }, annotations: { [autoUpdate]: 'true' } }
}

function roleOf(role: DefaultRole): ClusterRole {
  const common = { apiVersion, kind: 'ClusterRole', metadata: metadataOf(role) }
  if (role.collects === undefined) return { ...common, rules: [...(role.rules ?? [])] }
  const matchLabels = { [`rbac.authorization.k8s.io/aggregate-to-${role.collects}`]: 'true' }
  return { ...common, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: [] }
}

function bindingOf(role: DefaultRole): RoleBinding | undefined {
  if (!role.groups) return undefined
  const { labels = {}, ...metadata } = metadataOf(role)
  // A binding grants; only roles are collected.
  const own = Object.entries(labels).filter(([key]) => !isAggregation(key))
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { ...metadata, labels: Object.fromEntries(own) },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role.name },
    subjects: role.groups.map(groupSubject),
  }
}

function isAggregation(label: string): boolean {
  return (['admin', 'edit', 'view'] as const).some((role) => label in aggregateTo(role))
}

async function ensureRole(api: ApiContext, wanted: ClusterRole): Promise<void> {
  // A role is an object like any other.
  await ensureObject(api, clusterRoleKind, wanted as unknown as ApiObject)
  await update(api, clusterRoles, wanted, (old) => {
    const role = old as unknown as ClusterRole
    if (wanted.aggregationRule) {
      const selectors = role.aggregationRule?.clusterRoleSelectors ?? []
      const missing = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter(
        (selector) => !selectors.some((known) => jsonEqual(known, selector)),
      )
      return missing.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: [...selectors, ...missing] } }
    }
    const missing = missingRules(role.rules ?? [], wanted.rules ?? [])
    return missing.length === 0 ? {} : { rules: [...(role.rules ?? []), ...missing] }
  })
}

async function ensureBinding(api: ApiContext, wanted: RoleBinding): Promise<void> {
  const key = { resource: clusterRoleBindings, namespace: '', name: wanted.metadata.name }
  // A binding is an object like any other.
  const object = wanted as unknown as ApiObject
  await ensureObject(api, clusterRoleBindingKind, object)
  let foreign = false
  await update(api, clusterRoleBindings, wanted, (old) => {
    const binding = old as unknown as RoleBinding
    foreign = !jsonEqual(binding.roleRef, wanted.roleRef)
    const missing = (wanted.subjects ?? []).filter(
      (subject) => !(binding.subjects ?? []).some((known) => jsonEqual(known, subject)),
    )
    return foreign || missing.length === 0 ? {} : { subjects: [...(binding.subjects ?? []), ...missing] }
  })
  if (!foreign) return
  // Where a binding leads cannot be changed: it is made anew.
  const options = { gracePeriodSeconds: 0, propagationPolicy: undefined, preconditions: {} }
  const context = serverWrite(api, builtInTarget(api, clusterRoleBindingKind))
  await api.store.write((revision) => decideDelete(context, key, options, revision))
  await ensureObject(api, clusterRoleBindingKind, object)
}

/** Adds what is missing, labels and annotations included. */
async function update(
  api: ApiContext,
  resource: string,
  wanted: ClusterRole | RoleBinding,
  additions: (old: ApiObject) => Record<string, unknown>,
): Promise<void> {
  const { name, labels, annotations } = wanted.metadata
  const kind = resource === clusterRoles ? clusterRoleKind : clusterRoleBindingKind
  const key = { resource, namespace: '', name }
  const produce = (old: ApiObject): ApiObject => {
    if (old.metadata.annotations?.[autoUpdate] === 'false') return old
    return {
      ...old,
      ...additions(old),
      metadata: {
        ...old.metadata,
        labels: { ...labels, ...old.metadata.labels },
        annotations: { ...annotations, ...old.metadata.annotations },
      },
    }
  }
  // Nearly every start finds nothing to add, and need not go through admission to learn it.
  const present = reader(api)(key)
  if (present && jsonEqual(produce(present), present)) return
  await api.store.write((revision) =>
    decideUpdate(
      serverWrite(api, builtInTarget(api, kind)),
      { key, subresource: '', mustNameVersion: false, produce },
      revision,
    ),
  )
}
