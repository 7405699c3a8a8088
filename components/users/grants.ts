import { type RoleBinding, rbacGroup, roleBindingKind, type Subject } from '@/contract/kinds/rbac'

/** Who is granted something: RBAC knows people and groups by name only. */
export interface Grantee {
  kind: 'User' | 'Group'
  name: string
}

/** The roles that are offered, from looking to owning: KubeVirt's own for machines alone, then Kubernetes' for all. */
export const offeredRoles = [
  { role: 'kubevirt.io:view', hint: 'machineView' },
  { role: 'kubevirt.io:edit', hint: 'machineEdit' },
  { role: 'kubevirt.io:admin', hint: 'machineAdmin' },
  { role: 'view', hint: 'view' },
  { role: 'edit', hint: 'edit' },
  { role: 'admin', hint: 'admin' },
  { role: 'cluster-admin', hint: 'clusterAdmin' },
] as const

/** One binding as far as it is about one grantee. */
export interface Grant {
  /** Undefined: in the whole cluster. */
  namespace?: string
  role: string
  roleKind: string
  to: Grantee
  binding: RoleBinding
}

/** A binding of a role to somebody, in one namespace or (without) in the whole cluster; its name follows from both. */
export function buildGrant({
  role,
  namespace,
  to,
}: {
  role: string
  namespace?: string | undefined
  to: Grantee
}): RoleBinding {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : roleBindingKind.kind,
    metadata: { name: grantName(role, to), ...(namespace === undefined ? {} : { namespace }) },
    subjects: [{ kind: to.kind, name: to.name, apiGroup: rbacGroup }],
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
  }
}

/** Names of RBAC objects are path segments (Kubernetes' ValidatePathSegmentName): anything but `.`, `..`, `/` and `%`. */
function grantName(role: string, { kind, name }: Grantee): string {
  return `chiave:${kind.toLowerCase()}:${name.replace(/[/%]/g, '-')}:${role}`
}

/** What a grantee was given, by themselves or as a member of one of the groups; namespaces in order, then roles. */
export function grantsOf(bindings: readonly RoleBinding[], grantees: readonly Grantee[]): Grant[] {
  const grants = bindings.flatMap((binding) =>
    grantees
      .filter((grantee) => (binding.subjects ?? []).some((subject) => isSubject(subject, grantee)))
      .map((to) => ({
        ...(binding.metadata.namespace === undefined ? {} : { namespace: binding.metadata.namespace }),
        role: binding.roleRef.name,
        roleKind: binding.roleRef.kind,
        to,
        binding,
      })),
  )
  return grants.sort((a, b) => (a.namespace ?? '').localeCompare(b.namespace ?? '') || a.role.localeCompare(b.role))
}

function isSubject(subject: Subject, { kind, name }: Grantee): boolean {
  return subject.kind === kind && subject.name === name
}

/** The binding without the grantee; undefined when nobody is left and it can go. */
export function withoutGrantee(binding: RoleBinding, grantee: Grantee): RoleBinding | undefined {
  const subjects = (binding.subjects ?? []).filter((subject) => !isSubject(subject, grantee))
  return subjects.length === 0 ? undefined : { ...binding, subjects }
}
