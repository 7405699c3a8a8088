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

/** What scopes ask about a pod. */
export interface ScopeFacts {
  terminating: boolean
  bestEffort: boolean
  priorityClass: string | undefined
  hasAffinity: boolean
}

/** Undefined for all but pods: scopes are about nothing else. */
export function scopeFactsOf(resource: string, object: JsonObject): ScopeFacts | undefined {
  if (resource !== 'pods') return undefined
  const spec = part(object, 'spec')
  const { priorityClassName } = spec
  return {
    terminating: typeof spec['activeDeadlineSeconds'] === 'number',
    bestEffort: isBestEffort(object),
    priorityClass: typeof priorityClassName === 'string' && priorityClassName !== '' ? priorityClassName : undefined,
    hasAffinity: isJsonObject(spec['affinity']),
  }
}

/** Whether a quota with these scopes counts an object of which the facts are known. */
export function fitsScopes(scopes: readonly ScopeRequirement[], facts: ScopeFacts | undefined): boolean {
  return scopes.length === 0 || (facts !== undefined && scopes.every((scope) => fits(scope, facts)))
}

/** Whether a quota with these scopes counts an object. */
export function isInScope(scopes: readonly ScopeRequirement[], resource: string, object: JsonObject): boolean {
  return scopes.length === 0 || fitsScopes(scopes, scopeFactsOf(resource, object))
}

function fits({ scopeName, operator, values }: ScopeRequirement, pod: ScopeFacts): boolean {
  switch (scopeName) {
    case 'Terminating':
      return pod.terminating
    case 'NotTerminating':
      return !pod.terminating
    case 'BestEffort':
      return pod.bestEffort
    case 'NotBestEffort':
      return !pod.bestEffort
    case 'PriorityClass':
      return matches(operator, values, pod.priorityClass)
    default:
      return scopeName === 'CrossNamespacePodAffinity' && pod.hasAffinity
  }
}

function isBestEffort(pod: JsonObject): boolean {
  const asked = [...podResources(pod, 'requests'), ...podResources(pod, 'limits')]
  return !asked.some(([name, { nano }]) => (name === 'cpu' || name === 'memory') && nano > 0n)
}

function matches(operator: string, values: readonly string[], value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'DoesNotExist':
      return value === undefined
    default:
      return value !== undefined
  }
}
