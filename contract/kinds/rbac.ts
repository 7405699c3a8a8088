import type { KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** Who may do what (Kubernetes API reference, rbac.authorization.k8s.io/v1). */

export const rbacGroup = 'rbac.authorization.k8s.io'

export interface PolicyRule {
  verbs: string[]
  apiGroups?: string[]
  /** `pods`, `pods/log`, `*`; a star before the slash stands for any resource with that subresource. */
  resources?: string[]
  /** Left out: all. */
  resourceNames?: string[]
  /** Full paths; a trailing `*` stands for anything. */
  nonResourceURLs?: string[]
}

export interface Role extends KubeObject {
  rules?: PolicyRule[] | null
}
export const roleKind = defineKind<Role>({
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
})

/** metav1.LabelSelector. */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface ClusterRole extends KubeObject {
  rules?: PolicyRule[] | null
  /** Where it is there, `rules` are those of all selected cluster roles. */
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] }
}
export const clusterRoleKind = defineKind<ClusterRole>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
})

export interface Subject {
  kind: string
  name: string
  apiGroup?: string
  /** Of a ServiceAccount. */
  namespace?: string
}

export interface RoleRef {
  apiGroup: string
  kind: string
  name: string
}

export interface RoleBinding extends KubeObject {
  subjects?: Subject[] | null
  roleRef: RoleRef
}
export const roleBindingKind = defineKind<RoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
})

export type ClusterRoleBinding = RoleBinding
export const clusterRoleBindingKind = defineKind<ClusterRoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
})
