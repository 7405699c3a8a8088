import { isJsonObject, jsonEqual } from '@/contract/json'
import { duplicateValue, type FieldError, forbiddenValue, invalidValue, requiredValue } from '../errors/status-error'
import { optionalValue, toCel } from './cel-schema'
import { type CompiledRule, type CompiledRules, compileRules } from './compiled-rules'
import type { SchemaNode } from './schema-node'
import { byKeys, keyOf, ownValue, type Place } from './validate-value'

/** All rules of one object together may take this long, in milliseconds. */
const totalMilliseconds = 500

/** The rules of a schema by the node that carries them, compiled when first needed. */
export class SchemaRules {
  readonly #compiled = new WeakMap<SchemaNode, CompiledRules>()

  of(node: SchemaNode, root: boolean): CompiledRules {
    const known = this.#compiled.get(node)
    if (known) return known
    const { compiled } = compileRules(node, root)
    this.#compiled.set(node, compiled)
    return compiled
  }

  /** What the rules say against a value; `root`: it is a whole object. `old` is what was there before an update. */
  evaluate(at: { node: SchemaNode; root: boolean }, value: unknown, old: unknown): FieldError[] {
    if (!at.node.has.rules) return []
    const run = new RuleRun(this)
    run.visit(at, value, { path: '', old })
    return run.errors
  }
}

interface Visited {
  node: SchemaNode
  root: boolean
  /** An ancestor's value that this one is part of and that did not change. */
  unchanged?: boolean
}

class RuleRun {
  readonly errors: FieldError[] = []
  readonly #rules: SchemaRules
  readonly #deadline = performance.now() + totalMilliseconds
  #exhausted = false

  constructor(rules: SchemaRules) {
    this.#rules = rules
  }

  visit(visited: Visited, value: unknown, place: Place): void {
    const { node } = visited
    if (!node.has.rules || value === null || value === undefined || this.#exhausted) return
    if (node.rules.length > 0) this.#evaluateAt(visited, value, place)
    if (Array.isArray(value)) this.#list(node, value, place)
    else if (isJsonObject(value)) this.#object(node, value, place)
  }

  #list({ items, listType, listKeys }: SchemaNode, value: readonly unknown[], { path, old }: Place): void {
    if (!items?.has.rules) return
    const before = listType === 'map' && Array.isArray(old) ? byKeys(old, listKeys) : undefined
    const unchanged = before === undefined && old !== undefined && jsonEqual(value, old)
    for (const [index, entry] of value.entries()) {
      const place = { path: `${path}[${index}]`, old: before?.get(keyOf(entry, listKeys)) }
      this.visit({ node: items, root: items.embedded, unchanged }, entry, place)
    }
  }

  #object(node: SchemaNode, value: Record<string, unknown>, { path, old }: Place): void {
    const before = isJsonObject(old) && !node.atomicMap ? old : undefined
    for (const name in value) {
      const child = node.properties.get(name) ?? node.additional
      if (!child?.has.rules) continue
      const place = { path: path === '' ? name : `${path}.${name}`, old: before && ownValue(before, name) }
      this.visit({ node: child, root: child.embedded }, value[name], place)
    }
  }

  #evaluateAt({ node, root, unchanged = false }: Visited, value: unknown, place: Place): void {
    const { rules, only } = this.#rules.of(node, root)
    const self = toCel(node, value, { root, only })
    const usesOld = rules.some((rule) => rule.usesOld)
    const before = usesOld ? oldValue(node, place.old, { root, only }) : undefined
    let same: boolean | undefined
    for (const rule of rules) {
      if (this.#isOver(node, place.path)) return
      const optional = rule.raw.optionalOldSelf === true
      if (rule.usesOld && before === undefined && !optional) continue
      const oldSelf = optional ? optionalValue(before) : (before ?? null)
      const error = failureOf(rule, { node, path: place.path, self, oldSelf })
      if (!error) continue
      same ??= unchanged || isSame(value, place.old)
      if (rule.usesOld || !same) this.errors.push(error)
    }
  }

  #isOver(node: SchemaNode, path: string): boolean {
    if (performance.now() <= this.#deadline) return false
    this.#exhausted = true
    this.errors.push(problemAt(node, path, outOfBudget))
    return true
  }
}

function isSame(value: unknown, old: unknown): boolean {
  return isThere(old) && jsonEqual(value, old)
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null
}

function oldValue(node: SchemaNode, old: unknown, how: Parameters<typeof toCel>[2]): unknown {
  return isThere(old) ? toCel(node, old, how).value : undefined
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

interface Evaluation {
  node: SchemaNode
  path: string
  self: { value: unknown; size: number }
  oldSelf: unknown
}

function failureOf(rule: CompiledRule, at: Evaluation): FieldError | undefined {
  const variables = { self: at.self.value, oldSelf: at.oldSelf }
  const outcome = rule.expression.evaluate(variables, at.self.size)
  if ('value' in outcome) return outcome.value === true ? undefined : refusal(rule, at, variables)
  const named = ruleWords(rule)
  if (outcome.slow) return problemAt(at.node, at.path, `'${outcome.error}': call cost exceeds limit for rule: ${named}`)
  const words = outcome.error.startsWith('no such overload')
    ? `'${outcome.error}': call arguments did not match a supported operator, function or macro signature for rule: ${named}`
    : `${outcome.error} evaluating rule: ${named}`
  return problemAt(at.node, at.path, words)
}

function refusal(rule: CompiledRule, at: Evaluation, variables: Record<string, unknown>): FieldError {
  const { raw } = rule
  const message =
    expressedMessage(rule, variables, at.self.size) ?? (raw.message?.trim() || `failed rule: ${ruleWords(rule)}`)
  const field = (at.path === '' ? '' : at.path) + (raw.fieldPath ?? '')
  const path = at.path === '' ? field.replace(/^\./, '') || '<nil>' : field
  switch (raw.reason) {
    case 'FieldValueForbidden':
      return forbiddenValue(path, message)
    case 'FieldValueRequired':
      return requiredValue(path, message)
    case 'FieldValueDuplicate':
      return duplicateValue(path, typeName(at.node))
    default:
      return invalidValue(path, typeName(at.node), message)
  }
}

/** The message that a rule's expression makes, unless it fails, is empty or has line breaks: then the fixed one holds. */
function expressedMessage(
  { messageExpression }: CompiledRule,
  variables: Record<string, unknown>,
  size: number,
): string | undefined {
  const outcome = messageExpression?.evaluate(variables, size)
  if (!outcome || !('value' in outcome) || typeof outcome.value !== 'string') return undefined
  const text = outcome.value.trim()
  return text === '' || text.includes('\n') || text.length > 5120 ? undefined : text
}

function ruleWords({ raw }: CompiledRule): string {
  return (
    raw.message?.trim() ||
    raw.rule
      .split('\n')
      .map((line) => line.trim())
      .join(' ')
  )
}

function problemAt(node: SchemaNode, path: string, words: string): FieldError {
  return invalidValue(path === '' ? '<nil>' : path, typeName(node), words)
}

/** The type as the schema names it: of what may be integer or string there is no name. */
function typeName({ types }: SchemaNode): string {
  return types.length === 1 ? (types[0] ?? '') : ''
}
