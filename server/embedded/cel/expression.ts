import {
  type ASTNode,
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError,
} from '@marcbachmann/cel-js'
import { childNodes } from './ast'
import { registerAuthorizerFunctions } from './authorizer-functions'
import { registerListFunctions } from './list-functions'
import { registerNetworkFunctions } from './network-functions'
import { PatternTimeout, withinTime } from './regular-expression'
import { registerTextFunctions } from './text-functions'
import { comprehensions, registerTwoVariableMacros } from './two-variable-macros'
import { registerUnorderedLists } from './unordered-lists'
import { registerValueFunctions } from './value-functions'

/**
 * CEL as Kubernetes has it (https://kubernetes.io/docs/reference/using-api/cel/): the library's language with
 * Kubernetes' functions, and bounds on what an expression may cost.
 */

/** Thrown for text that is no expression, in cel-go's words. */
export class CompileError extends Error {}

export type Outcome =
  | { value: unknown }
  /** Why there is no value; `slow`: it took longer than any rule may. */
  | { error: string; slow: boolean }

export interface Expression {
  readonly source: string
  readonly ast: ASTNode
  /** The static type; `dyn` where it depends on the data. */
  readonly type: string
  /** `size` is about how many values the variables hold. */
  evaluate(variables: Readonly<Record<string, unknown>>, size: number): Outcome
}

let base: Environment | undefined

function baseEnvironment(): Environment {
  if (base) return base
  base = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true })
  registerTextFunctions(base)
  registerAuthorizerFunctions(base)
  registerNetworkFunctions(base)
  registerValueFunctions(base)
  registerListFunctions(base)
  registerTwoVariableMacros(base)
  registerUnorderedLists(base)
  base
    .registerFunction('duration(google.protobuf.Duration): google.protobuf.Duration', (value: unknown) => value, {
      async: false,
    })
    .registerFunction('timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp', (value: unknown) => value, {
      async: false,
    })
  return base
}

const environments = new Map<string, Environment>()

function environmentWith(variables: readonly string[]): Environment {
  const key = variables.join()
  const known = environments.get(key)
  if (known) return known
  const env = baseEnvironment().clone()
  for (const name of variables) env.registerVariable(name, 'dyn')
  environments.set(key, env)
  return env
}

/**
 * Checks an expression against the types that `declare` gives its variables. `undefined`: nothing is wrong. What does
 * not parse is `compileExpression`'s to tell.
 */
export function typeError(source: string, declare: (env: Environment) => void): TypeError | undefined {
  const env = baseEnvironment().clone()
  declare(env)
  const { error } = env.check(source)
  return error instanceof TypeError ? error : undefined
}

const longestSource = 64 * 1024
/** Steps below which no expression is worth a watch; about a millisecond of them. */
const cheapSteps = 20_000
const evaluationMilliseconds = 100

/** Compiles an expression over variables of any type. Throws CompileError. */
export function compileExpression(source: string, variables: readonly string[]): Expression {
  if (source.length > longestSource) throw new CompileError(`expression is longer than ${longestSource} characters`)
  const parsed = parse(environmentWith(variables), source)
  const { depth, nodes } = measure(parsed.ast)
  const checked = parsed.check()
  if (checked.error) throw new CompileError(pointAt(source, checked.error))
  return {
    source,
    ast: parsed.ast,
    type: checked.type ?? 'dyn',
    evaluate(values, size) {
      const steps = nodes * Math.max(size, 1) ** depth
      const run = (): unknown => parsed(values)
      return outcomeOf(depth === 0 || steps <= cheapSteps ? run : () => withinTime(run, evaluationMilliseconds))
    },
  }
}

function parse(env: Environment, source: string): ParseResult {
  try {
    return env.parse(source)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CompileError(pointAt(source, error))
  }
}

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    if (error instanceof PatternTimeout) return { error: 'operation cancelled: actual cost limit exceeded', slow: true }
    if (error instanceof EvaluationError || error instanceof TypeError || error instanceof ParseError) {
      return { error: wordsOf(error.summary), slow: false }
    }
    if (error instanceof Error) return { error: error.message, slow: false }
    throw error
  }
}

/** cel-go's words for what the library words otherwise. */
function wordsOf(summary: string): string {
  return summary
    .replace(/^No such key: (.*)$/, 'no such key: $1')
    .replace(/^no such key: index out of bounds, index (\d+).*$/i, 'index out of bounds: $1')
    .replace(/^found no matching overload for .*$/, 'no such overload')
    .replace(/^no such overload: .*$/, 'no such overload')
}

/** An error at its place in the expression, in cel-go's layout. */
export function pointAt(
  source: string,
  error: Error & { summary?: string; range?: { start: number } | undefined },
): string {
  const words = (error.summary ?? error.message)
    .replace(/^Unknown variable: (.*)$/, "undeclared reference to '$1' (in container '')")
    .replace(/^Unexpected token: (.*)$/, "Syntax error: unexpected '$1'")
    .replace(/^no such overload: (.*)$/, "found no matching overload for '$1'")
  return located(source, words, error.range?.start ?? 0)
}

export function located(source: string, words: string, offset: number): string {
  const before = source.slice(0, offset).split('\n')
  const column = before.at(-1)?.length ?? 0
  const line = source.split('\n')[before.length - 1] ?? ''
  return `ERROR: <input>:${before.length}:${column + 1}: ${words}\n | ${line}\n | ${'.'.repeat(column)}^`
}

/**
 * Counts the nodes and how deeply comprehensions are nested, and hands `matches` to the engine whose time is limited.
 * `cel.bind` counts as a comprehension: it can double what it binds.
 */
function measure(root: ASTNode): { depth: number; nodes: number } {
  let nodes = 0
  const depthOf = (node: ASTNode): number => {
    nodes++
    let own = 0
    if (node.op === 'rcall' || node.op === 'call') {
      // Before the check that looks functions up by name; the parser gives each node a list of its own.
      const args = node.args as unknown[]
      if (args[0] === 'matches') args[0] = 're2Matches'
      if (node.op === 'rcall' && (comprehensions.has(String(args[0])) || args[0] === 'bind')) own = 1
    }
    return own + Math.max(0, ...childNodes(node).map(depthOf))
  }
  const depth = depthOf(root)
  return { depth, nodes }
}
