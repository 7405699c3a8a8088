/**
 * What a person may do in one namespace, as SelfSubjectRulesReview tells it, and the answer to one question from it.
 * Follows the RBAC documentation ("Referring to resources"): a star stands for anything, also for subresources.
 */

export interface ResourceQuestion {
  verb: string
  /** Empty for the core group. */
  group: string
  /** The plural. */
  resource: string
  subresource?: string | undefined
  /** Left out: all namespaces, or a cluster-scoped kind. */
  namespace?: string | undefined
  /** Left out: any. */
  name?: string | undefined
}

export interface ResourceRule {
  verbs: readonly string[]
  apiGroups?: readonly string[] | undefined
  /** `pods`, `pods/log`, `*`; a star before the slash stands for any resource with that subresource. */
  resources?: readonly string[] | undefined
  /** Left out or empty: all. */
  resourceNames?: readonly string[] | undefined
}

export interface PathRule {
  verbs: readonly string[]
  /** Full paths; a trailing `*` stands for anything. */
  nonResourceURLs?: readonly string[] | undefined
}

export interface AccessRules {
  resourceRules: readonly ResourceRule[]
  nonResourceRules: readonly PathRule[]
  /** The server has authorizers that cannot list what they allow: what no rule allows may be allowed all the same. */
  incomplete: boolean
  evaluationError?: string | undefined
}

/** `no` is only said when the rules are all there is. */
export type Answer = 'yes' | 'no' | 'unknown'

/** Whether rules allow something. The rules must be those of the question's namespace. */
export function decideAccess(rules: AccessRules, question: ResourceQuestion): Answer {
  if (rules.resourceRules.some((rule) => ruleAllows(rule, question))) return 'yes'
  return rules.incomplete ? 'unknown' : 'no'
}

/** Whether rules allow a verb on a path that is no resource, such as `/metrics`. */
export function decidePathAccess(rules: AccessRules, { verb, path }: { verb: string; path: string }): Answer {
  const allowed = rules.nonResourceRules.some(
    ({ verbs, nonResourceURLs = [] }) => has(verbs, verb) && nonResourceURLs.some((pattern) => covers(pattern, path)),
  )
  if (allowed) return 'yes'
  return rules.incomplete ? 'unknown' : 'no'
}

/** Whether one rule allows something. */
export function ruleAllows(rule: ResourceRule, question: ResourceQuestion): boolean {
  const { verb, group, resource, subresource = '', name = '' } = question
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups ?? [], group) &&
    (rule.resources ?? []).some((pattern) => namesResource(pattern, resource, subresource)) &&
    ((rule.resourceNames ?? []).length === 0 || (name !== '' && (rule.resourceNames ?? []).includes(name)))
  )
}

/**
 * The names to which rules restrict a verb on a resource, when they allow it for some only: a person who may not list
 * these objects may still open them by name.
 */
export function namesAllowed(rules: AccessRules, question: ResourceQuestion): readonly string[] {
  const names = rules.resourceRules.flatMap((rule) =>
    (rule.resourceNames ?? []).filter((name) => ruleAllows(rule, { ...question, name })),
  )
  return [...new Set(names)].sort()
}

function namesResource(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === '*') return true
  if (subresource === '') return pattern === resource
  return pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`
}

function has(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked)
}

function covers(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))
}

/** Reads a SelfSubjectRulesReview's status, which any server may have written in its own way. */
export function readAccessRules(status: unknown): AccessRules {
  // Every field is checked below.
  const given = (typeof status === 'object' && status !== null ? status : {}) as Record<string, unknown>
  const error = given['evaluationError']
  return {
    resourceRules: listOf(given['resourceRules']).map((rule) => ({
      verbs: wordsOf(rule['verbs']),
      apiGroups: wordsOf(rule['apiGroups']),
      resources: wordsOf(rule['resources']),
      resourceNames: wordsOf(rule['resourceNames']),
    })),
    nonResourceRules: listOf(given['nonResourceRules']).map((rule) => ({
      verbs: wordsOf(rule['verbs']),
      nonResourceURLs: wordsOf(rule['nonResourceURLs']),
    })),
    incomplete: given['incomplete'] === true,
    ...(typeof error === 'string' && error !== '' ? { evaluationError: error } : {}),
  }
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(value)) return []
  // Narrowed to objects here; their fields are checked where they are read.
  return value.filter((item: unknown) => typeof item === 'object' && item !== null) as Record<string, unknown>[]
}

function wordsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item: unknown) => typeof item === 'string') : []
}
