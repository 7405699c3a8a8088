import { type ASTNode, Optional } from '@marcbachmann/cel-js'
import { isJsonObject } from '@/contract/json'
import { childNodes } from '../cel/ast'
import { dynamicValue } from '../cel/cel-value'
import { CompileError, located } from '../cel/expression'
import { comprehensions } from '../cel/two-variable-macros'
import { type ListUses, unordered } from '../cel/unordered-lists'
import { type SchemaNode, unlimited } from './schema-node'

/** How values under a schema look to CEL: the types and the names they have there. */

/** Words that CEL keeps for itself: as field names they are written `__word__`. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const specials: Readonly<Record<string, string>> = {
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
  __: '__underscores__',
}

/** A field's name as rules write it; undefined for one that rules cannot name. */
export function escapeField(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`
  const escaped = name.replaceAll(/__|[-./]/g, (found) => specials[found] ?? found)
  return /^[A-Za-z_]\w*$/.test(escaped) ? escaped : undefined
}

const text: SchemaNode = plain(['string'])

function plain(types: string[], properties: ReadonlyMap<string, SchemaNode> = new Map()): SchemaNode {
  return {
    types,
    nullable: false,
    preserves: false,
    embedded: false,
    properties,
    additional: undefined,
    additionalAnything: false,
    items: undefined,
    required: [],
    default: undefined,
    format: '',
    checks: undefined,
    most: unlimited,
    enum: undefined,
    allOf: [],
    anyOf: [],
    oneOf: [],
    not: undefined,
    listType: 'atomic',
    listKeys: [],
    atomicMap: false,
    rules: [],
    has: { defaults: false, rules: false, lists: false, embedded: false },
  }
}

const metadata = plain(
  ['object'],
  new Map([
    ['name', text],
    ['generateName', text],
  ]),
)
const objectFields: ReadonlyMap<string, SchemaNode> = new Map([
  ['apiVersion', text],
  ['kind', text],
  ['metadata', metadata],
])

/** The fields that rules can see: of objects also what every object has. */
export function visibleFields(node: SchemaNode, root: boolean): ReadonlyMap<string, SchemaNode> {
  return root || node.embedded ? new Map([...node.properties, ...objectFields]) : node.properties
}

/** The visible field that expressions know by this name. */
export function fieldNamed(node: SchemaNode, root: boolean, escaped: string): SchemaNode | undefined {
  for (const [name, child] of visibleFields(node, root)) if (escapeField(name) === escaped) return child
  return undefined
}

export interface Conversion {
  value: unknown
  /** How many values there are in it. */
  size: number
}

/** Converts a value for rules; `only` names the fields that its rules read, undefined: all. */
export function toCel(
  node: SchemaNode,
  value: unknown,
  { root, only }: { root: boolean; only?: ReadonlySet<string> | undefined },
): Conversion {
  const converter = new Converter(only)
  return { value: converter.convert(node, value, root), size: converter.size }
}

class Converter {
  size = 0
  #only: ReadonlySet<string> | undefined

  constructor(only: ReadonlySet<string> | undefined) {
    this.#only = only
  }

  convert(node: SchemaNode, value: unknown, root = false): unknown {
    this.size++
    if (typeof value === 'number') return number(node, value)
    if (typeof value === 'string') return this.#text(node, value)
    if (Array.isArray(value)) {
      const { items } = node
      const list = value.map((entry: unknown) => (items ? this.convert(items, entry) : dynamicValue(entry)))
      return node.listType === 'atomic' ? list : unordered(list)
    }
    if (!isJsonObject(value)) return value
    if (node.additional) return this.#map(node.additional, value)
    if (node.types.length === 0 && node.properties.size === 0) return dynamicValue(value)
    return this.#object(visibleFields(node, root), value)
  }

  #text({ format }: SchemaNode, value: string): unknown {
    this.size += value.length >> 4
    if (format === 'date-time' || format === 'datetime' || format === 'date') {
      const date = new Date(value)
      return Number.isNaN(date.getTime()) ? value : date
    }
    if (format === 'byte') return new Uint8Array(Buffer.from(value, 'base64'))
    return value
  }

  /** Fields are sorted, since the library tells types of maps by their first field. */
  #map(additional: SchemaNode, value: Record<string, unknown>): unknown {
    const result: Record<string, unknown> = Object.create(null)
    for (const name of Object.keys(value).sort()) result[name] = this.convert(additional, value[name])
    return result
  }

  #object(fields: ReadonlyMap<string, SchemaNode>, value: Record<string, unknown>): unknown {
    const only = this.#only
    this.#only = undefined
    const result: Record<string, unknown> = Object.create(null)
    for (const name of Object.keys(value).sort()) {
      const child = fields.get(name)
      const escaped = escapeField(name)
      if (!child || escaped === undefined || value[name] === undefined || (only && !only.has(escaped))) continue
      result[escaped] = this.convert(child, value[name])
    }
    return result
  }
}

function number({ types }: SchemaNode, value: number): unknown {
  return !types.includes('number') && Number.isInteger(value) ? BigInt(value) : value
}

export function optionalValue(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value)
}

/** The fields of `self` (or `oldSelf`) that an expression reads; undefined when it uses the whole. */
export function fieldsUsed(root: ASTNode): Set<string> | undefined {
  const fields = new Set<string>()
  const walk = (node: ASTNode, parent: ASTNode | undefined): boolean => {
    if (node.op === 'id' && (node.args === 'self' || node.args === 'oldSelf')) {
      if (parent?.op !== '.' || typeof parent.args[1] !== 'string') return false
      fields.add(parent.args[1])
      return true
    }
    return childNodes(node).every((child) => walk(child, node))
  }
  return walk(root, undefined) ? fields : undefined
}

/** What is known about an expression's value before there is one; undefined: nothing. */
type Known = SchemaNode | undefined
type Scope = ReadonlyMap<string, { node: Known; root: boolean }>

/**
 * Checks the fields that an expression names against the schema, and gives the schema of its value where that is known.
 * Throws CompileError in cel-go's words.
 */
export function checkFields(source: string, ast: ASTNode, scope: Scope): { known: Known; lists: ListUses } {
  const checker = new FieldChecker(source)
  return { known: checker.check(ast, scope), lists: checker }
}

class FieldChecker implements ListUses {
  readonly compared = new Set<ASTNode>()
  readonly added = new Map<ASTNode, readonly string[]>()
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  check(node: ASTNode, scope: Scope): Known {
    switch (node.op) {
      case 'id':
        return scope.get(node.args)?.node
      case '.':
        return this.#select(node, node.args, scope)
      case '[]':
        return this.#index(node.args, scope)
      case 'rcall':
        return this.#call(node.args, scope)
      case '==':
      case '!=':
        return this.#compare(node, node.args, scope)
      case '+':
        return this.#add(node, node.args, scope)
      default:
        for (const child of childNodes(node)) this.check(child, scope)
        return undefined
    }
  }

  #select(node: ASTNode, [target, field]: readonly [ASTNode, string], scope: Scope): Known {
    const owner = this.check(target, scope)
    if (!owner || owner.types.length !== 1) return undefined
    const type = owner.types[0] ?? ''
    if (type === 'object' && owner.additional) return owner.additional
    if (type === 'object') {
      const root = target.op === 'id' && scope.get(target.args)?.root === true
      const named = fieldNamed(owner, root, field)
      if (named) return named
      if (owner.properties.size === 0 && owner.additionalAnything) return undefined
      throw new CompileError(located(this.#source, `undefined field '${field}'`, target.end))
    }
    throw new CompileError(
      located(this.#source, `type '${celType(owner)}' does not support field selection`, node.start),
    )
  }

  #index([target, index]: readonly [ASTNode, ASTNode], scope: Scope): Known {
    const owner = this.check(target, scope)
    this.check(index, scope)
    return owner?.items ?? owner?.additional
  }

  #compare(node: ASTNode, sides: readonly [ASTNode, ASTNode], scope: Scope): undefined {
    const known = sides.map((side) => this.check(side, scope))
    if (known.some((side) => side?.has.lists)) this.compared.add(node)
  }

  /** A sum is of the kind that its left side is. */
  #add(node: ASTNode, [left, right]: readonly [ASTNode, ASTNode], scope: Scope): Known {
    const known = this.check(left, scope)
    this.check(right, scope)
    if (known?.listType === 'set') this.added.set(node, [])
    else if (known?.listType === 'map')
      this.added.set(
        node,
        known.listKeys.map((key) => escapeField(key) ?? key),
      )
    return known?.types.includes('array') ? known : undefined
  }

  #call([name, receiver, args]: readonly [string, ASTNode, ASTNode[]], scope: Scope): Known {
    const owner = this.check(receiver, scope)
    const bound = boundIn(name, args, owner)
    const inner = new Map([...scope, ...bound.map(([each, node]) => [each, { node, root: false }] as const)])
    for (const arg of args.slice(bound.length)) this.check(arg, inner)
    return name === 'filter' ? owner : undefined
  }
}

/** The variables that a call binds in its last arguments, and what is known of them. */
export function boundIn(name: string, args: readonly ASTNode[], owner: Known): [string, Known][] {
  const names = args.slice(0, -1).flatMap((arg) => (arg.op === 'id' ? [arg.args] : []))
  const [first, second] = names
  if (first === undefined) return []
  if (name === 'bind') return [[first, undefined]]
  if (!comprehensions.has(name)) return []
  const element = owner?.items ?? owner?.additional
  if (second !== undefined && isTwoVariable(name, args))
    return [
      [first, undefined],
      [second, element],
    ]
  // Of a map it is the keys.
  return [[first, owner?.items ?? (owner?.additional ? text : undefined)]]
}

function isTwoVariable(name: string, args: readonly ASTNode[]): boolean {
  if (name === 'transformList' || name === 'transformMap') return true
  return args.length === 3 && name !== 'map'
}

function celType({ types }: SchemaNode): string {
  const names: Readonly<Record<string, string>> = {
    integer: 'int',
    number: 'double',
    boolean: 'bool',
    array: 'list',
    object: 'map',
  }
  const [type = 'dyn'] = types
  return names[type] ?? type
}
