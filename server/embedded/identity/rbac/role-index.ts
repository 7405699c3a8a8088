import type { ClusterRole, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '@/contract/kinds/rbac'
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from '@/contract/kinds/rbac'
import { resourceName } from '../../registry/served-resource'
import { type LogEntry, parseObject } from '../../storage/log-entry'
import type { ObjectStore } from '../../storage/object-store'
import type { User } from '../user'
import { type CompiledRules, compileRules } from './policy-rule'

export const roles = resourceName(roleKind)
export const clusterRoles = resourceName(clusterRoleKind)
export const roleBindings = resourceName(roleBindingKind)
export const clusterRoleBindings = resourceName(clusterRoleBindingKind)

export interface IndexedRole {
  rules: readonly PolicyRule[]
  compiled: CompiledRules
}

export interface Binding {
  /** '' for a ClusterRoleBinding. */
  namespace: string
  name: string
  roleRef: RoleRef
  /** Where the index keeps the role. */
  roleKey: string
}

/** That a binding names someone. */
export interface Grant {
  binding: Binding
  subject: Subject
}

/**
 * Roles by name and bindings by whom they name, as the store has them: follows its commits, in the very turn, so that
 * what is granted or taken away counts for the next request.
 */
export class RoleIndex {
  readonly #roles = new Map<string, IndexedRole>()
  /** By subject, then by namespace ('' for cluster bindings), then by the binding's name. */
  readonly #grants = new Map<string, Map<string, Map<string, Grant>>>()
  /** The subjects of each binding, to be forgotten with it. */
  readonly #subjects = new Map<string, string[]>()

  /** Reads what is there and follows the store. Returns what stops it. */
  follow(store: ObjectStore): () => void {
    for (const resource of [roles, clusterRoles, roleBindings, clusterRoleBindings]) {
      for (const { revision } of store.snapshot({ resource })) {
        const entry = store.entry(revision)
        if (entry) this.#take(entry)
      }
    }
    return store.onCommit((entries) => {
      for (const entry of entries) this.#take(entry)
    })
  }

  role(ref: Pick<RoleRef, 'kind' | 'name'>, namespace: string): IndexedRole | undefined {
    return this.#roles.get(referredKey(ref, namespace))
  }

  roleOf(binding: Binding): IndexedRole | undefined {
    return this.#roles.get(binding.roleKey)
  }

  /** Every grant that reaches a user in a namespace: those of the whole cluster first. */
  *grants(user: User, namespace: string): Generator<Grant> {
    const keys = [userKey(user.name), ...user.groups.map(groupKey)]
    for (const place of namespace === '' ? [''] : ['', namespace]) {
      for (const key of keys) {
        const found = this.#grants.get(key)?.get(place)
        if (found) yield* found.values()
      }
    }
  }

  #take(entry: LogEntry): void {
    if (entry.resource === roles || entry.resource === clusterRoles) this.#takeRole(entry)
    if (entry.resource === roleBindings || entry.resource === clusterRoleBindings) this.#takeBinding(entry)
  }

  #takeRole(entry: LogEntry): void {
    const key = roleKey(entry.namespace, entry.name)
    if (entry.type === 'delete') {
      this.#roles.delete(key)
      return
    }
    // Checked by the kind's strategy before it was stored.
    const { rules } = parseObject(entry.body) as unknown as Role | ClusterRole
    this.#roles.set(key, { rules: rules ?? [], compiled: compileRules(rules ?? []) })
  }

  #takeBinding(entry: LogEntry): void {
    const { namespace, name } = entry
    const id = roleKey(namespace, name)
    for (const key of this.#subjects.get(id) ?? []) {
      const places = this.#grants.get(key)
      places?.get(namespace)?.delete(name)
      if (places?.get(namespace)?.size === 0) places.delete(namespace)
      if (places?.size === 0) this.#grants.delete(key)
    }
    this.#subjects.delete(id)
    if (entry.type === 'delete') return
    // As above.
    const { subjects, roleRef } = parseObject(entry.body) as unknown as RoleBinding
    const binding = { namespace, name, roleRef, roleKey: referredKey(roleRef, namespace) }
    const keys = (subjects ?? []).map((subject) => {
      const key = subjectKey(subject, namespace)
      this.#place(key, namespace).set(name, { binding, subject })
      return key
    })
    this.#subjects.set(id, keys)
  }

  #place(key: string, namespace: string): Map<string, Grant> {
    const places = this.#grants.get(key) ?? new Map<string, Map<string, Grant>>()
    this.#grants.set(key, places)
    const place = places.get(namespace) ?? new Map<string, Grant>()
    places.set(namespace, place)
    return place
  }
}

const roleKey = (namespace: string, name: string) => `${namespace}/${name}`
function referredKey({ kind, name }: Pick<RoleRef, 'kind' | 'name'>, namespace: string): string {
  return kind === 'ClusterRole' ? roleKey('', name) : roleKey(namespace, name)
}

const userKey = (name: string) => `user:${name}`
const groupKey = (name: string) => `group:${name}`

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind === 'Group') return groupKey(name)
  if (kind === 'User') return userKey(name)
  return userKey(`system:serviceaccount:${namespace || bindingNamespace}:${name}`)
}
