import { jsonEqual } from '@/contract/json'
import { type FieldError, forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'
import { type CompiledRule, compileRules } from './compiled-rules'
import { mostOccurrences, multiplies } from './declared-size'
import { fillDefaults } from './default-values'
import { SchemaRules } from './evaluate-rules'
import { pruneValue } from './prune-fields'
import type { RawRule } from './raw-rule'
import { costLimit, costWords, estimateCost } from './rule-cost'
import type { SchemaNode } from './schema-node'
import { staticTypeProblem } from './static-types'
import { ValueValidator } from './validate-value'

interface At {
  path: string
  root: boolean
  /** The part of the schema in which values have no earlier selves to be compared with; '' outside of any. */
  uncorrelated: string
  /** How many values there can be in one object by the limits around them; undefined: there are none. */
  occurrences: number | undefined
  ledger: Ledger
}

/** What the rules of a whole schema are estimated to cost. */
interface Ledger {
  total: number
  entries: { field: string; cost: number }[]
}

/** What is wrong with the defaults and the rules in a schema that is structural. */
export function defaultAndRuleErrors(node: SchemaNode, path: string): FieldError[] {
  const ledger: Ledger = { total: 0, entries: [] }
  const errors = errorsAt(node, { path, root: true, uncorrelated: '', occurrences: 1, ledger })
  return [...errors, ...totalErrors(ledger, path)]
}

function errorsAt(node: SchemaNode, at: At): FieldError[] {
  if (!node.has.defaults && !node.has.rules && node.default === undefined) return []
  const errors = [...defaultErrors(node, at), ...(node.rules.length > 0 ? ruleErrors(node, at) : [])]
  const factor = multiplies(node)
  const occurrences = at.occurrences === undefined || factor === undefined ? undefined : at.occurrences * factor
  const go = (child: SchemaNode, step: string, uncorrelated: string): void => {
    const next = { path: `${at.path}.${step}`, root: child.embedded, uncorrelated, occurrences, ledger: at.ledger }
    errors.push(...errorsAt(child, next))
  }
  for (const [name, child] of node.properties) go(child, `properties[${name}]`, below(node, at))
  if (node.additional) go(node.additional, 'additionalProperties', below(node, at))
  if (node.items) go(node.items, 'items', node.listType === 'map' ? at.uncorrelated : at.uncorrelated || at.path)
  return errors
}

function below({ atomicMap }: SchemaNode, { path, uncorrelated }: At): string {
  return uncorrelated || (atomicMap ? path : '')
}

/** A default must be what the schema accepts, with nothing that would be pruned from it. */
function defaultErrors(node: SchemaNode, { path, root }: At): FieldError[] {
  if (node.default === undefined) return []
  const field = `${path}.default`
  if (root) return [forbiddenValue(field, 'must not be set at the root')]
  const value = structuredClone(node.default)
  pruneValue(node, value)
  if (!jsonEqual(value, node.default)) {
    return [invalidValue(field, node.default, 'must not have unknown fields')]
  }
  fillDefaults(node, value)
  const validator = new ValueValidator()
  validator.check(node, value, { path: '', old: undefined })
  // Rules see the default as it stands, without the defaults of its own fields.
  const rules = new SchemaRules()
  const errors =
    validator.errors.length > 0 ? validator.errors : rules.evaluate({ node, root }, node.default, undefined)
  return errors.map((error) => ({
    ...error,
    field: error.field === '<nil>' || error.field === '' ? field : `${field}.${error.field}`,
  }))
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

function ruleErrors(node: SchemaNode, at: At): FieldError[] {
  const path = `${at.path}.x-kubernetes-validations`
  const { compiled, problems } = compileRules(node, at.root)
  const errors = node.rules.flatMap((raw, index) => plainRuleErrors(node, raw, `${path}[${index}]`))
  for (const { index, field, source, words } of problems) {
    if (source.trim() !== '') errors.push(invalidValue(`${path}[${index}].${field}`, source, words))
  }
  for (const rule of compiled.rules) {
    const index = node.rules.indexOf(rule.raw)
    const { optionalOldSelf, rule: source } = rule.raw
    if (rule.usesOld && at.uncorrelated !== '') {
      const words = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${at.uncorrelated}`
      errors.push(invalidValue(`${path}[${index}].rule`, source, words))
    }
    const typeWords = staticTypeProblem(source, {
      node,
      root: at.root,
      optionalOld: optionalOldSelf === true,
    })
    if (typeWords !== undefined) {
      errors.push(invalidValue(`${path}[${index}].rule`, source, `compilation failed: ${typeWords}`))
    }
    errors.push(...costErrors(rule, node, { ...at, path: `${path}[${index}]` }))
    if (optionalOldSelf !== undefined && !rule.usesOld) {
      const words = 'may not be set if oldSelf is not used in rule'
      errors.push(invalidValue(`${path}[${index}].optionalOldSelf`, optionalOldSelf, words))
    }
  }
  return errors
}

/** A rule may be evaluated for each of the values, its message for one of them. */
function costErrors({ expression, messageExpression }: CompiledRule, node: SchemaNode, at: At): FieldError[] {
  const { path, root, occurrences = mostOccurrences(node), ledger } = at
  const observed: [string, string, number][] = [
    ['rule', 'estimated rule cost', estimateCost(expression.ast, { node, root }) * occurrences],
  ]
  if (messageExpression) {
    const cost = estimateCost(messageExpression.ast, { node, root })
    observed.push(['messageExpression', 'estimated messageExpression cost', cost])
  }
  return observed.flatMap(([field, what, cost]) => {
    ledger.total += cost
    ledger.entries.push({ field: `${path}.${field}`, cost })
    return cost > costLimit.expression
      ? [forbiddenValue(`${path}.${field}`, costWords(what, cost, costLimit.expression))]
      : []
  })
}

function totalErrors({ total, entries }: Ledger, path: string): FieldError[] {
  if (total <= costLimit.schema) return []
  const expensive = entries
    .filter(({ cost }) => cost >= costLimit.schema / 100)
    .sort((left, right) => right.cost - left.cost)
    .slice(0, 4)
  const words = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  return [
    ...expensive.map(({ field }) => forbiddenValue(field, words)),
    forbiddenValue(path, costWords(what, total, costLimit.schema)),
  ]
}

function plainRuleErrors(node: SchemaNode, raw: RawRule, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { rule, message, reason, fieldPath } = raw
  if (rule.trim() === '') errors.push(requiredValue(`${path}.rule`, 'rule is not specified'))
  if (message !== undefined && message !== '' && message.trim() === '') {
    errors.push(invalidValue(`${path}.message`, message, 'message must be non-empty if specified'))
  } else if (message?.trim().includes('\n')) {
    errors.push(invalidValue(`${path}.message`, message, 'message must not contain line breaks'))
  } else if (rule.trim().includes('\n') && !message) {
    errors.push(requiredValue(`${path}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (reason !== undefined && !reasons.includes(reason))
    errors.push(unsupportedValue(`${path}.reason`, reason, reasons))
  if (fieldPath !== undefined && fieldPath !== '' && !isFieldPath(node, fieldPath)) {
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, 'fieldPath must be a valid path'))
  }
  return errors
}

/** Whether a path such as `.a.b['c']` leads to a field of the schema. */
function isFieldPath(node: SchemaNode, fieldPath: string): boolean {
  const steps = fieldPath.match(/\.[A-Za-z_][\w-]*|\['[^']*'\]/g)
  if (!steps || steps.join('') !== fieldPath) return false
  let current: SchemaNode | undefined = node
  for (const step of steps) {
    const name = step.startsWith('.') ? step.slice(1) : step.slice(2, -2)
    current = current.properties.get(name) ?? current.additional
    if (!current) return false
  }
  return true
}

/** The schema node that a simple JSON path (`.spec.name`) leads to. */
export function nodeAt(root: SchemaNode, jsonPath: string): SchemaNode | undefined {
  let node: SchemaNode | undefined = root
  for (const name of jsonPath.replace(/^\./, '').split('.')) node = node?.properties.get(name)
  return node
}
