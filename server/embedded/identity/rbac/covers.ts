import type { PolicyRule } from '@/contract/kinds/rbac'
import { matchesPath } from './policy-rule'

/**
 * What of `wanted` is not already in `held`, in the smallest pieces a rule has: one verb on one resource. Empty when the
 * one who holds the first may give away the second.
 */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(piecesOf).filter((piece) => !held.some((rule) => covers(rule, piece)))
}

function piecesOf(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const named = resourceNames.length > 0 ? resourceNames.map((name) => ({ resourceNames: [name] })) : [{}]
  const each = verbs.map((verb) => ({ verbs: [verb] }))
  const onResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      each.flatMap((piece) =>
        named.map((names) => ({ ...piece, apiGroups: [group], resources: [resource], ...names })),
      ),
    ),
  )
  return [
    ...onResources,
    ...nonResourceURLs.flatMap((path) => each.map((piece) => ({ ...piece, nonResourceURLs: [path] }))),
  ]
}

const includes = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list.includes('*') || list.includes(value))

/** Whether a rule holds one piece. */
function covers(held: PolicyRule, piece: PolicyRule): boolean {
  if (!piece.verbs.every((verb) => includes(held.verbs, verb))) return false
  const path = piece.nonResourceURLs?.[0]
  if (path !== undefined) return (held.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, path))
  return coversObjects(held, piece)
}

function coversObjects(held: PolicyRule, { apiGroups = [], resources = [], resourceNames = [] }: PolicyRule): boolean {
  const { resourceNames: heldNames = [] } = held
  return (
    apiGroups.every((group) => includes(held.apiGroups, group)) &&
    resources.every((resource) => coversResource(held.resources ?? [], resource)) &&
    (heldNames.length === 0 || (resourceNames.length > 0 && resourceNames.every((name) => heldNames.includes(name))))
  )
}

function coversResource(held: readonly string[], resource: string): boolean {
  if (held.includes('*') || held.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`)
}

/** Rules about one and the same resource as one rule with all their verbs. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    const plain =
      rule.apiGroups?.length === 1 &&
      rule.resources?.length === 1 &&
      !rule.nonResourceURLs?.length &&
      (rule.resourceNames?.length ?? 0) <= 1
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []])
    const known = simple.get(key)
    if (!plain) others.push(rule)
    else if (known) known.verbs = [...known.verbs, ...rule.verbs]
    else simple.set(key, { ...rule })
  }
  return [...others, ...simple.values()]
}

/** A rule as Kubernetes prints it in errors: `{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}`. */
export function describeRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const
  return `{${parts.flatMap(([label, values]) => (values?.length ? [`${label}:${quoteList(values)}`] : [])).join(', ')}}`
}

/** How Go prints a list of strings with %q. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}
