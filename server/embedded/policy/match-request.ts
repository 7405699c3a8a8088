import type { MatchResources } from '@/contract/kinds/policy'
import type { AdmissionRequest } from '../admission/admission'
import type { ApiObject } from '../api-object'
import { meetsLabelSelector } from '../query/label-selector'

type Rule = NonNullable<MatchResources['resourceRules']>[number]

/**
 * The version in which a policy wants to see a request that it is about: the one that its rules name. Undefined: it is
 * not about the request. `namespace` is the request's, where it has one.
 */
export function versionFor(
  match: MatchResources | undefined,
  request: AdmissionRequest,
  namespace: ApiObject | undefined,
): string | undefined {
  if (!isAbout(match, request, namespace)) return undefined
  const asked = versionOf(request)
  const rules = (match?.resourceRules ?? []).filter((rule) => covers(rule, request, match?.matchPolicy === 'Exact'))
  if (rules.length === 0 || rules.some(({ apiVersions }) => includes(apiVersions, asked))) return asked
  const known = request.resource.versions.map(({ name }) => name)
  return known.find((version) => rules.some(({ apiVersions }) => includes(apiVersions, version))) ?? asked
}

/** Whether a policy, or a binding, is about a request. */
export function isAbout(
  match: MatchResources | undefined,
  request: AdmissionRequest,
  namespace: ApiObject | undefined,
): boolean {
  if (!match) return true
  const exact = match.matchPolicy === 'Exact'
  const named = (rules: readonly Rule[] | undefined) => (rules ?? []).some((rule) => covers(rule, request, exact))
  if (match.resourceRules !== undefined && match.resourceRules.length > 0 && !named(match.resourceRules)) return false
  if (named(match.excludeResourceRules)) return false
  if (!namespaceMatches(match.namespaceSelector, request, namespace)) return false
  const { objectSelector } = match
  return [request.object, request.old].some(
    (object) => object !== undefined && meetsLabelSelector(objectSelector, object.metadata.labels),
  )
}

/** A namespace is in itself; what is in none is not held back by a selector of namespaces. */
function namespaceMatches(selector: unknown, request: AdmissionRequest, namespace: ApiObject | undefined): boolean {
  const isNamespace = request.resource.group === '' && request.resource.plural === 'namespaces'
  const labelled = isNamespace ? (request.object ?? request.old) : namespace
  return labelled === undefined || meetsLabelSelector(selector, labelled.metadata.labels)
}

function covers(rule: Rule, request: AdmissionRequest, exact: boolean): boolean {
  const { resource, operation } = request
  const names = rule.resourceNames ?? []
  const name = (request.object ?? request.old)?.metadata.name ?? ''
  return (
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, resource.group) &&
    versionsOf(request, exact).some((version) => includes(rule.apiVersions, version)) &&
    (rule.resources ?? []).some((pattern) => namesResource(pattern, request)) &&
    hasScope(rule.scope, resource.namespaced) &&
    (names.length === 0 || names.includes(name))
  )
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return (list ?? []).some((entry) => entry === '*' || entry === value)
}

/** Any served version stands for the others, unless the rule means what it says. */
function versionsOf(request: AdmissionRequest, exact: boolean): string[] {
  return exact ? [versionOf(request)] : request.resource.versions.map(({ name }) => name)
}

/** The version in which the request names its resource. */
export function versionOf({ object, old, resource }: AdmissionRequest): string {
  return (object ?? old)?.apiVersion.split('/').at(-1) ?? resource.storageVersion
}

function namesResource(pattern: string, { resource, subresource }: AdmissionRequest): boolean {
  const [main, below] = pattern.split('/')
  if (main !== '*' && main !== resource.plural) return false
  return below === undefined ? subresource === '' : below === '*' || below === subresource
}

function hasScope(scope: Rule['scope'], namespaced: boolean): boolean {
  return scope === undefined || scope === '*' || (scope === 'Namespaced') === namespaced
}
