import { stringify } from 'yaml'
import { type PolicyRule, type Role, type RoleBinding, rbacGroup, type Subject } from '../kinds/rbac'
import type { ResourceQuestion } from './rules'

export interface AccessRequest {
  /** Left out: what has no namespace, or all of them. */
  namespace?: string | undefined
  /** As the cluster's API knows the person. */
  user: string
  questions: readonly ResourceQuestion[]
}

/** The role with exactly what is missing, and its binding: to be read, and applied, by an administrator. */
export function buildAccessRequest({ namespace, user, questions }: AccessRequest): [Role, RoleBinding] {
  const metadata = { name: roleNameFor(user), ...(namespace ? { namespace } : {}) }
  const apiVersion = `${rbacGroup}/v1`
  const kind = namespace ? 'Role' : 'ClusterRole'
  return [
    { apiVersion, kind, metadata, rules: rulesFor(questions) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      subjects: [subjectOf(user)],
      roleRef: { apiGroup: rbacGroup, kind, name: metadata.name },
    },
  ]
}

/** Both as one YAML text for `kubectl apply -f -`. */
export function printAccessRequest(request: AccessRequest): string {
  return buildAccessRequest(request)
    .map((object) => stringify(object))
    .join('---\n')
}

/** Binds a cluster role that is there already, as one line for an administrator's terminal. */
export function bindCommand({ namespace, user, role }: { namespace: string; user: string; role: string }): string {
  const subject = subjectOf(user)
  const who = subject.namespace
    ? `--serviceaccount=${subject.namespace}:${subject.name}`
    : `--user=${shellWord(subject.name)}`
  return `kubectl create rolebinding ${roleNameFor(user)}-${role} --clusterrole=${role} ${who} --namespace=${namespace}`
}

/** One rule for each set of verbs on the same group, so that the text stays short. */
function rulesFor(questions: readonly ResourceQuestion[]): PolicyRule[] {
  const verbsOf = new Map<string, Set<string>>()
  for (const { group, resource, subresource, name = '', verb } of questions) {
    const key = JSON.stringify([group, subresource ? `${resource}/${subresource}` : resource, name])
    verbsOf.set(key, (verbsOf.get(key) ?? new Set()).add(verb))
  }
  const rules = new Map<string, PolicyRule>()
  for (const [key, verbs] of verbsOf) {
    // Written above.
    const [group = '', resource = '', name = ''] = JSON.parse(key) as string[]
    const id = JSON.stringify([group, name, [...verbs]])
    const rule = rules.get(id) ?? {
      apiGroups: [group],
      resources: [],
      ...(name === '' ? {} : { resourceNames: [name] }),
      verbs: [...verbs],
    }
    rule.resources?.push(resource)
    rules.set(id, rule)
  }
  return [...rules.values()]
}

/** `system:serviceaccount:<namespace>:<name>` is a ServiceAccount, anything else a user. */
function subjectOf(user: string): Subject {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
  if (namespace && name) return { kind: 'ServiceAccount', name, namespace }
  return { kind: 'User', name: user, apiGroup: rbacGroup }
}

/** A name that any cluster takes: `Ada Lovelace <ada@x>` → `chiave-ada-lovelace-ada-x`. */
function roleNameFor(user: string): string {
  const slug = user
    .replace(/^system:serviceaccount:/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return `chiave-${slug || 'person'}`
}

function shellWord(text: string): string {
  return /^[\w@.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
