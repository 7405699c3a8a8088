import type { ASTNode, Environment } from '@marcbachmann/cel-js'
import { located, typeError } from '../cel/expression'
import { escapeField, visibleFields } from './cel-schema'
import type { SchemaNode } from './schema-node'

/** What a schema says of the types in an expression, before there are any values. */

const texts: Readonly<Record<string, string>> = {
  byte: 'bytes',
  date: 'google.protobuf.Timestamp',
  'date-time': 'google.protobuf.Timestamp',
  datetime: 'google.protobuf.Timestamp',
  // Stays a text until it is compared.
  duration: 'dyn',
}

/** Declares the types of one schema as an environment's; of objects only the fields that an expression names. */
class Declarations {
  readonly #env: Environment
  readonly #named: ReadonlySet<string>
  #count = 0

  constructor(env: Environment, source: string) {
    this.#env = env
    this.#named = new Set(source.match(/\w+/g))
  }

  typeOf(node: SchemaNode, root: boolean): string {
    if (node.types.length !== 1) return 'dyn'
    switch (node.types[0]) {
      case 'string':
        return texts[node.format] ?? 'string'
      case 'integer':
        return 'int'
      case 'number':
        return 'double'
      case 'boolean':
        return 'bool'
      case 'array':
        return node.items ? `list<${this.typeOf(node.items, node.items.embedded)}>` : 'dyn'
      default:
        return this.#objectType(node, root)
    }
  }

  #objectType(node: SchemaNode, root: boolean): string {
    if (node.additional) return `map<string, ${this.typeOf(node.additional, node.additional.embedded)}>`
    const fields: Record<string, string> = {}
    for (const [name, child] of visibleFields(node, root)) {
      const escaped = escapeField(name)
      if (escaped !== undefined && this.#named.has(escaped)) fields[escaped] = this.typeOf(child, child.embedded)
    }
    if (Object.keys(fields).length === 0) return 'dyn'
    const name = `object.T${++this.#count}`
    this.#env.registerType({ name, fields })
    this.#comparable(name)
    return name
  }

  /** With its kind and with null; the library adds the other order and `!=`. Nothing is ever evaluated here. */
  #comparable(name: string): void {
    const never = (): boolean => false
    this.#env.registerOperator(`${name} == ${name}`, never).registerOperator(`${name} == null`, never)
  }
}

interface Question {
  node: SchemaNode
  root: boolean
  optionalOld: boolean
}

/** Why an expression cannot be right under a schema, in cel-go's words and layout. */
export function staticTypeProblem(source: string, { node, root, optionalOld }: Question): string | undefined {
  const error = typeError(source, (env) => {
    const type = new Declarations(env, source).typeOf(node, root)
    env.registerVariable('self', type).registerVariable('oldSelf', optionalOld ? `optional<${type}>` : type)
  })
  if (!error) return undefined
  // Fields are checked elsewhere; other complaints are the library's own.
  const words = wordsOf(error.summary)
  // The library gives the node itself.
  const node_ = error.node as ASTNode | undefined
  return words === undefined ? undefined : located(source, words, placeOf(source, node_, error.range?.start ?? 0))
}

function plainType(type: string): string {
  return type.replaceAll(/object\.T\d+/g, 'object').replaceAll(/(list|map)<([^<>]*)>/g, '$1($2)')
}

function wordsOf(summary: string): string | undefined {
  const binary = /^no such overload: (.+) (==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/.exec(summary)
  if (binary) {
    const [, left = '', operator = '', right = ''] = binary
    const name = operator === 'in' ? '@in' : `_${operator}_`
    return `found no matching overload for '${name}' applied to '(${plainType(left)}, ${plainType(right)})'`
  }
  const unary = /^no such overload: ([!-])(\S+)$/.exec(summary)
  if (unary) return `found no matching overload for '${unary[1]}_' applied to '(${plainType(unary[2] ?? '')})'`
  const member = /^found no matching overload for '(\S+)\.(\w+)\((.*)\)'$/.exec(summary)
  if (!member) return undefined
  const [, receiver = '', name = '', args = ''] = member
  return `found no matching overload for '${name}' applied to '${plainType(receiver)}.(${plainType(args)})'`
}

/** cel-go points at an operator, or at the parenthesis of a call. */
function placeOf(source: string, node: ASTNode | undefined, start: number): number {
  const args: unknown = node?.args
  if (!node || !Array.isArray(args)) return start
  const isCall = node.op === 'rcall'
  const before: unknown = isCall ? args[1] : args[0]
  const end = typeof before === 'object' && before !== null && 'end' in before ? Number(before.end) : start
  const found = source.indexOf(isCall ? '(' : node.op, end)
  return found < 0 ? start : found
}
