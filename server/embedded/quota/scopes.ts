import { isJsonObject, type JsonObject, objectsOf, part } from '@/contract/json'
import { podResources } from './usage'

export interface ScopeRequirement {
  scopeName: string
  operator: string
  values: readonly string[]
}

/** A quota's scopes and its scope selector in one form. */
export function scopesOf(spec: JsonObject): ScopeRequirement[] {
  const plain = Array.isArray(spec['scopes']) ? spec['scopes'].map(String) : []
  const selected = objectsOf(part(spec, 'scopeSelector')['matchExpressions'])
  return [
    ...plain.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })),
    ...selected.map(({ scopeName, operator, values }) => ({
      scopeName: String(scopeName),
      operator: String(operator),
      values: Array.isArray(values) ? values.map(String) : [],
    })),
  ]
}

/** Whether a quota with these scopes counts an object; scopes are about pods, and so count nothing else. */
export function isInScope(scopes: readonly ScopeRequirement[], resource: string, object: JsonObject): boolean {
  if (scopes.length === 0) return true
  return resource === 'pods' && scopes.every((scope) => podIsIn(scope, object))
}

function podIsIn({ scopeName, operator, values }: ScopeRequirement, pod: JsonObject): boolean {
  const spec = part(pod, 'spec')
  const terminating = typeof spec['activeDeadlineSeconds'] === 'number'
  switch (scopeName) {
    case 'Terminating':
      return terminating
    case 'NotTerminating':
      return !terminating
    case 'BestEffort':
      return isBestEffort(pod)
    case 'NotBestEffort':
      return !isBestEffort(pod)
    case 'PriorityClass':
      return matches(operator, values, spec['priorityClassName'])
    default:
      return scopeName === 'CrossNamespacePodAffinity' && isJsonObject(spec['affinity'])
  }
}

function isBestEffort(pod: JsonObject): boolean {
  const asked = [...podResources(pod, 'requests'), ...podResources(pod, 'limits')]
  return !asked.some(([name, { nano }]) => (name === 'cpu' || name === 'memory') && nano > 0n)
}

function matches(operator: string, values: readonly string[], value: unknown): boolean {
  const given = typeof value === 'string' && value !== ''
  switch (operator) {
    case 'In':
      return given && values.includes(value)
    case 'NotIn':
      return !given || !values.includes(value)
    case 'DoesNotExist':
      return !given
    default:
      return given
  }
}
