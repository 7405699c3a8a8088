import { type ASTNode, type Environment, EvaluationError } from '@marcbachmann/cel-js'

/**
 * Comprehensions with two variables, position or key and value (cel-go's TwoVarComprehensions):
 * `list.all(i, v, …)`, `exists`, `existsOne`, `transformList`, `transformMap`. The library has those with one.
 */

/** The parts of the library's checker, evaluator and scopes that macros are given. */
interface Scope {
  forkWithVariable(name: string, type: unknown): Scope
  reuse(parent: Scope): Scope
  setIterValue(value: unknown, evaluator: Evaluator): Scope
}
interface Checker {
  dynType: unknown
  check(node: ASTNode, scope: Scope): unknown
  getType(name: string): unknown
}
interface Evaluator {
  run(node: ASTNode, scope: Scope): unknown
}
interface Macro {
  outer?: Scope
  inner?: Scope
}
interface Expansion {
  args: ASTNode[]
  receiver: ASTNode
  ast: ASTNode
}

interface Definition {
  name: string
  returns: string
  /** Goes over the entries; `run` evaluates the last argument, `where` the one before it where there are four. */
  fold(entries: readonly [unknown, unknown][], run: (entry: [unknown, unknown]) => unknown, where: Keep): unknown
}
type Keep = (entry: [unknown, unknown]) => boolean

function nameOf(node: ASTNode | undefined): string {
  if (node?.op === 'id' && typeof node.args === 'string') return node.args
  throw new EvaluationError('invalid comprehension: variables must be identifiers')
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((entry: unknown, index) => [BigInt(index), entry])
  if (value instanceof Map) return [...value]
  if (typeof value === 'object' && value !== null) return Object.entries(value)
  throw new EvaluationError('no such overload')
}

function expander(definition: Definition): (expansion: Expansion) => object {
  return ({ args, receiver }) => {
    const [first, second, ...bodies] = args
    const names = [nameOf(first), nameOf(second)] as const
    return {
      args,
      typeCheck(checker: Checker, macro: Macro, scope: Scope): unknown {
        checker.check(receiver, scope)
        macro.outer = scope.forkWithVariable(names[0], checker.dynType)
        macro.inner = macro.outer.forkWithVariable(names[1], checker.dynType)
        for (const body of bodies) checker.check(body, macro.inner)
        return checker.getType(definition.returns)
      },
      evaluate(evaluator: Evaluator, { outer, inner }: Macro, scope: Scope): unknown {
        const runner = (body: ASTNode | undefined) => (entry: [unknown, unknown]) => {
          // Both were made by the check that precedes every evaluation.
          if (!outer || !inner || !body) throw new EvaluationError('no such overload')
          const at = inner.reuse(outer.reuse(scope).setIterValue(entry[0], evaluator)).setIterValue(entry[1], evaluator)
          return evaluator.run(body, at)
        }
        const condition = bodies.length > 1 ? runner(bodies[0]) : undefined
        const keep: Keep = (entry) => condition === undefined || condition(entry) === true
        return definition.fold(entriesOf(evaluator.run(receiver, scope)), runner(bodies.at(-1)), keep)
      },
    }
  }
}

const definitions: readonly Definition[] = [
  { name: 'all', returns: 'bool', fold: (entries, run) => entries.every((entry) => run(entry) === true) },
  { name: 'exists', returns: 'bool', fold: (entries, run) => entries.some((entry) => run(entry) === true) },
  {
    name: 'existsOne',
    returns: 'bool',
    fold: (entries, run) => entries.filter((entry) => run(entry) === true).length === 1,
  },
  {
    name: 'exists_one',
    returns: 'bool',
    fold: (entries, run) => entries.filter((entry) => run(entry) === true).length === 1,
  },
]

const transforms: readonly Definition[] = [
  { name: 'transformList', returns: 'list', fold: (entries, run, keep) => entries.filter(keep).map(run) },
  {
    name: 'transformMap',
    returns: 'map',
    fold: (entries, run, keep) => new Map(entries.filter(keep).map((entry) => [entry[0], run(entry)])),
  },
]

export function registerTwoVariableMacros(env: Environment): void {
  const sync = { async: false }
  for (const definition of [...definitions, ...transforms]) {
    env.registerFunction(`list.${definition.name}(ast, ast, ast): ${definition.returns}`, expander(definition), sync)
  }
  for (const definition of transforms) {
    env.registerFunction(
      `list.${definition.name}(ast, ast, ast, ast): ${definition.returns}`,
      expander(definition),
      sync,
    )
  }
}

/** Names of all macros that go over a collection, with the library's own. */
export const comprehensions: ReadonlySet<string> = new Set([
  ...[...definitions, ...transforms].map(({ name }) => name),
  'map',
  'filter',
])
