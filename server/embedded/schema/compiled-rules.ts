import { CompileError, compileExpression, type Expression } from '../cel/expression'
import { withUnorderedLists } from '../cel/unordered-lists'
import { checkFields, fieldsUsed } from './cel-schema'
import type { RawRule } from './raw-rule'
import type { SchemaNode } from './schema-node'

/** The rules of one schema node, ready to be evaluated. */
export interface CompiledRules {
  rules: readonly CompiledRule[]
  /** The fields that the rules read; undefined: the value as a whole. */
  only: ReadonlySet<string> | undefined
}

export interface CompiledRule {
  raw: RawRule
  expression: Expression
  messageExpression: Expression | undefined
  usesOld: boolean
}

/** What is wrong with a rule: the field of the rule and the words. */
export interface RuleProblem {
  index: number
  field: 'rule' | 'messageExpression'
  source: string
  words: string
}

const longestRules = 1000

/** Compiles a node's rules. Those that do not compile are reported and left out. */
export function compileRules(node: SchemaNode, root: boolean): { compiled: CompiledRules; problems: RuleProblem[] } {
  const problems: RuleProblem[] = []
  const rules = node.rules.slice(0, longestRules).flatMap((raw, index): CompiledRule[] => {
    const attempt = <T>(field: RuleProblem['field'], source: string, make: () => T): T | undefined => {
      try {
        return make()
      } catch (error) {
        if (!(error instanceof CompileError)) throw error
        problems.push({ index, field, source, words: `compilation failed: ${error.message}` })
        return undefined
      }
    }
    const expression = attempt('rule', raw.rule, () =>
      compileTyped(raw, node, { root, source: raw.rule, wants: 'bool' }),
    )
    const source = raw.messageExpression
    const messageExpression =
      source === undefined || source === ''
        ? undefined
        : attempt('messageExpression', source, () => compileTyped(raw, node, { root, source, wants: 'string' }))
    return expression ? [{ raw, expression, messageExpression, usesOld: mentionsOld(expression) }] : []
  })
  return { compiled: { rules, only: unionOf(rules) }, problems }
}

interface Typed {
  root: boolean
  source: string
  wants: 'bool' | 'string'
}

function compileTyped(raw: RawRule, node: SchemaNode, { root, source, wants }: Typed): Expression {
  if (source.trim() === '') throw new CompileError('rule is not specified')
  const expression = compileExpression(source, ['self', 'oldSelf'])
  const old = raw.optionalOldSelf === true ? undefined : node
  const { known, lists } = checkFields(
    source,
    expression.ast,
    new Map([
      ['self', { node, root }],
      ['oldSelf', { node: old, root }],
    ]),
  )
  const wanted = wants === 'bool' ? 'boolean' : 'string'
  const wrongField = known !== undefined && known.types.length > 0 && !known.types.includes(wanted)
  if (wrongField || (expression.type !== 'dyn' && expression.type !== wants && expression.type !== `dyn<${wants}>`)) {
    throw new CompileError(wants === 'bool' ? 'cel expression must evaluate to a bool' : 'must evaluate to a string')
  }
  if (lists.compared.size === 0 && lists.added.size === 0) return expression
  const { evaluate } = compileExpression(withUnorderedLists(expression.ast, lists), ['self', 'oldSelf'])
  return { ...expression, evaluate }
}

function mentionsOld({ source }: Expression): boolean {
  return /\boldSelf\b/.test(source)
}

function unionOf(rules: readonly CompiledRule[]): Set<string> | undefined {
  const all = new Set<string>()
  for (const { expression, messageExpression } of rules) {
    for (const each of messageExpression ? [expression, messageExpression] : [expression]) {
      const fields = fieldsUsed(each.ast)
      if (!fields) return undefined
      for (const field of fields) all.add(field)
    }
  }
  return all
}
