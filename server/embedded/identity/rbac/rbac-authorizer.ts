import type { PolicyRule, Subject } from '@/contract/kinds/rbac'
import type { Attributes, Authorizer, Verdict } from '../authorize'
import type { User } from '../user'
import type { Binding, Grant, IndexedRole, RoleIndex } from './role-index'

/** The group that no rule limits: its members could not be locked out of their own cluster. */
export const mastersGroup = 'system:masters'

/** Decides by the roles and bindings that are stored (Kubernetes documentation, "Using RBAC Authorization"). */
export class RbacAuthorizer implements Authorizer {
  readonly #index: RoleIndex

  constructor(index: RoleIndex) {
    this.#index = index
  }

  authorize(attributes: Attributes): Verdict {
    const { user } = attributes
    if (user.groups.includes(mastersGroup)) return { allowed: true }
    const namespace = attributes.type === 'resource' ? attributes.namespace : ''
    let missing: Set<string> | undefined
    // Many bindings often lead to one role: what it refused once it refuses again.
    const asked = new Set<IndexedRole>()
    for (const grant of this.#index.grants(user, namespace)) {
      const role = this.#index.roleOf(grant.binding)
      if (!role) {
        missing ??= new Set()
        missing.add(missingRole(grant.binding))
      } else if (!asked.has(role)) {
        if (role.compiled.allow(attributes)) return { allowed: true, reason: reasonOf(grant) }
        asked.add(role)
      }
    }
    return missing ? { allowed: false, reason: `RBAC: ${listed(missing)}` } : { allowed: false }
  }

  /** All rules that reach a user in a namespace, and what could not be found out. */
  rulesFor(user: User, namespace: string): { rules: PolicyRule[]; missing: string[] } {
    const rules: PolicyRule[] = []
    const missing = new Set<string>()
    for (const { binding } of this.#index.grants(user, namespace)) {
      const role = this.#index.roleOf(binding)
      if (role) rules.push(...role.rules)
      else missing.add(missingRole(binding))
    }
    return { rules, missing: [...missing] }
  }

  rules(user: User, namespace: string): ReturnType<Authorizer['rules']> {
    const { rules, missing } = this.rulesFor(user, namespace)
    return {
      resourceRules: rules
        .filter((rule) => rule.resources?.length)
        .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames?.length ? { resourceNames } : {}),
        })),
      nonResourceRules: rules
        .filter((rule) => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
      incomplete: missing.length > 0,
      ...(missing.length > 0 ? { evaluationError: listed(missing) } : {}),
    }
  }
}

function missingRole({ roleRef }: Binding): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`
}

/** How Kubernetes joins errors. */
function listed(messages: Iterable<string>): string {
  const all = [...messages]
  return all.length === 1 ? (all[0] ?? '') : `[${all.join(', ')}]`
}

function reasonOf({ binding, subject }: Grant): string {
  const { namespace, name, roleRef } = binding
  const from =
    namespace === ''
      ? `ClusterRoleBinding ${JSON.stringify(name)}`
      : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`
  return `RBAC: allowed by ${from} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${describeSubject(subject, namespace)}`
}

function describeSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  const shown = kind === 'ServiceAccount' ? `${name}/${namespace || bindingNamespace}` : name
  return `${kind} ${JSON.stringify(shown)}`
}
