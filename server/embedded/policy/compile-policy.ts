import type { ValidatingAdmissionPolicy } from '@/contract/kinds/policy'
import { CompileError, compileExpression, type Expression } from '../cel/expression'

/** What expressions of policies may speak of; `params` only where the policy has some. */
const always = ['object', 'oldObject', 'request', 'namespaceObject', 'variables', 'authorizer']

export interface CompiledValidation {
  expression: Expression
  message: string | undefined
  messageExpression: Expression | undefined
  reason: string | undefined
}

export interface CompiledPolicy {
  policy: ValidatingAdmissionPolicy
  variables: { name: string; expression: Expression }[]
  conditions: { name: string; expression: Expression }[]
  validations: CompiledValidation[]
  annotations: { key: string; expression: Expression }[]
}

/** An expression that does not compile, and where it stands. */
export interface ExpressionProblem {
  field: string
  source: string
  why: string
}

/** Compiles every expression of a policy; what does not compile is told to `onProblem` and left out. */
export function compilePolicy(
  policy: ValidatingAdmissionPolicy,
  onProblem: (problem: ExpressionProblem) => void,
): CompiledPolicy {
  const { spec } = policy
  const names = spec.paramKind ? [...always, 'params'] : always
  const known = new Set<string>()
  const compile = (source: string, field: string, type: 'bool' | 'string' | undefined): Expression | undefined => {
    try {
      const expression = compileExpression(source, names)
      const unknown = unknownVariable(source, known)
      if (unknown !== undefined) throw new CompileError(`undefined field '${unknown}'`)
      if (type !== undefined && expression.type !== type && expression.type !== 'dyn') {
        onProblem({ field, source, why: `must evaluate to ${type}` })
        return undefined
      }
      return expression
    } catch (error) {
      if (!(error instanceof CompileError)) throw error
      onProblem({ field, source, why: `compilation failed: ${error.message}` })
      return undefined
    }
  }
  const named = (list: 'variables' | 'matchConditions', type: 'bool' | undefined) =>
    (spec[list] ?? []).flatMap(({ name, expression: source }, index) => {
      const expression = compile(source, `spec.${list}[${index}].expression`, type)
      // A variable may use the ones before it.
      if (list === 'variables') known.add(name)
      return expression ? [{ name, expression }] : []
    })
  // Conditions decide whether the policy is about a request at all, so they have no variables.
  const conditions = named('matchConditions', 'bool')
  const variables = named('variables', undefined)
  const validations = (spec.validations ?? []).flatMap((validation, index): CompiledValidation[] => {
    const field = `spec.validations[${index}]`
    const expression = compile(validation.expression, `${field}.expression`, 'bool')
    const wording = validation.messageExpression
    const messageExpression = wording ? compile(wording, `${field}.messageExpression`, 'string') : undefined
    return expression ? [{ expression, message: validation.message, messageExpression, reason: validation.reason }] : []
  })
  const annotations = (spec.auditAnnotations ?? []).flatMap(({ key, valueExpression }, index) => {
    const expression = compile(valueExpression, `spec.auditAnnotations[${index}].valueExpression`, undefined)
    return expression ? [{ key, expression }] : []
  })
  return { policy, variables, conditions, validations, annotations }
}

/** The first variable an expression names that is none; text in quotes does not count. */
function unknownVariable(source: string, known: ReadonlySet<string>): string | undefined {
  const bare = source.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
  for (const [, name] of bare.matchAll(/(?<![\w.])variables\s*\.\s*([A-Za-z_]\w*)/g)) {
    if (name !== undefined && !known.has(name)) return name
  }
  return undefined
}
