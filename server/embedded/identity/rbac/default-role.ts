import type { PolicyRule, Subject } from '@/contract/kinds/rbac'

/** A role that every cluster of this kind has from its first start. */
export interface DefaultRole {
  name: string
  labels: Readonly<Record<string, string>>
  rules?: readonly PolicyRule[]
  /** The aggregation label whose roles it collects. */
  collects?: string
  /** Groups that it is bound to, in the whole cluster. */
  groups?: readonly string[]
}

export function aggregateTo(role: 'admin' | 'edit' | 'view'): Record<string, string> {
  return { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' }
}

export const readVerbs = ['get', 'list', 'watch']
export const writeVerbs = ['create', 'delete', 'deletecollection', 'patch', 'update']
export const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export function allow(verbs: readonly string[], apiGroup: string, resources: readonly string[]): PolicyRule {
  return { verbs: [...verbs], apiGroups: [apiGroup], resources: [...resources] }
}

export function allowPaths(...paths: string[]): PolicyRule {
  return { verbs: ['get'], nonResourceURLs: paths }
}

export function groupSubject(name: string): Subject {
  return { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }
}
