import type { PolicyRule } from '@/contract/kinds/rbac'
import type { Attributes } from '../authorize'

/** The rules of a role, ready to be asked. */
export interface CompiledRules {
  allow(attributes: Attributes): boolean
}

type Check = (attributes: Attributes) => boolean

const all = '*'

function matcher(values: readonly string[] | undefined): (value: string) => boolean {
  const known = new Set(values ?? [])
  if (known.has(all)) return () => true
  return (value) => known.has(value)
}

/**
 * Compiles rules as Kubernetes reads them (RBAC documentation, "Referring to resources"). They are kept by API group, so
 * that a role for many groups is asked about one.
 */
export function compileRules(rules: readonly PolicyRule[]): CompiledRules {
  const byGroup = new Map<string, Check[]>()
  const paths: Check[] = []
  for (const rule of rules) {
    if (rule.nonResourceURLs?.length) paths.push(pathCheck(rule))
    const check = resourceCheck(rule)
    for (const group of new Set(rule.apiGroups ?? [])) byGroup.set(group, [...(byGroup.get(group) ?? []), check])
  }
  const anyGroup = byGroup.get(all) ?? []
  return {
    allow(attributes) {
      const ask = (check: Check): boolean => check(attributes)
      if (attributes.type === 'path') return paths.some(ask)
      return anyGroup.some(ask) || (byGroup.get(attributes.group)?.some(ask) ?? false)
    },
  }
}

function resourceCheck(rule: PolicyRule): Check {
  const isVerb = matcher(rule.verbs)
  const resources = new Set(rule.resources ?? [])
  const anyResource = resources.has(all)
  const names = rule.resourceNames?.length ? new Set(rule.resourceNames) : undefined
  const isResource = (resource: string, subresource: string): boolean => {
    if (anyResource) return true
    if (subresource === '') return resources.has(resource)
    return resources.has(`${resource}/${subresource}`) || resources.has(`*/${subresource}`)
  }
  return (attributes) =>
    attributes.type === 'resource' &&
    isVerb(attributes.verb) &&
    isResource(attributes.resource, attributes.subresource) &&
    (names === undefined || names.has(attributes.name))
}

function pathCheck(rule: PolicyRule): Check {
  const isVerb = matcher(rule.verbs)
  const patterns = rule.nonResourceURLs ?? []
  return (attributes) =>
    attributes.type === 'path' &&
    isVerb(attributes.verb) &&
    patterns.some((pattern) => matchesPath(pattern, attributes.path))
}

/** Whether a path is meant by a rule's `nonResourceURLs` entry, which may end in `*`; so is a longer such entry. */
export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === all || pattern === path) return true
  return pattern.endsWith(all) && path.startsWith(pattern.replace(/\*+$/, ''))
}
