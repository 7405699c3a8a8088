import type { ASTNode } from '@marcbachmann/cel-js'
import { childNodes } from '../cel/ast'
import { comprehensions } from '../cel/two-variable-macros'
import { boundIn, fieldNamed } from './cel-schema'
import { mostElements } from './declared-size'
import type { SchemaNode } from './schema-node'

/**
 * The most that an expression can cost, in cel-go's units and by its rules: a step is 1, a walk over a text a tenth of
 * its length, a comprehension its body times the longest list. What nobody bounds costs infinitely much.
 */

/** What is known of an expression's value: how large it can be, and the schema it is under where it is under one. */
interface Estimate {
  cost: number
  size: number
  node: SchemaNode | undefined
  root: boolean
  /** The size of the entries of a list that has no schema. */
  entries: number
}

type Scope = ReadonlyMap<string, Estimate>

const traversal = 0.1
const patternFactor = 0.25
const listCost = 10
const mapCost = 30

/** The cost of one evaluation of a rule on `node`. */
export function estimateCost(ast: ASTNode, { node, root }: { node: SchemaNode; root: boolean }): number {
  const self = { ...under(node, 1), root }
  return estimate(
    ast,
    new Map([
      ['self', self],
      ['oldSelf', self],
    ]),
  ).cost
}

function under(node: SchemaNode | undefined, cost: number): Estimate {
  return { cost, size: node ? mostElements(node) : Number.POSITIVE_INFINITY, node, root: false, entries: unknown }
}

const unknown = Number.POSITIVE_INFINITY

function plain(cost: number, size = 1): Estimate {
  return { cost, size, node: undefined, root: false, entries: unknown }
}

function walk(size: number, factor = traversal): number {
  return Math.ceil(size * factor)
}

function estimate(ast: ASTNode, scope: Scope): Estimate {
  switch (ast.op) {
    case 'value':
      return plain(0, typeof ast.args === 'string' ? ast.args.length : 1)
    case 'id':
      return scope.get(ast.args) ?? plain(1, unknown)
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return access(ast, scope)
    case 'list':
    case 'map':
      return literal(ast, scope)
    case '?:':
      return choice(ast.args, scope)
    case 'call':
    case 'rcall':
      return call(callOf(ast, scope))
    default:
      return operation(ast, scope)
  }
}

type Node<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>

function access(ast: Node<'.' | '.?' | '[]' | '[?]'>, scope: Scope): Estimate {
  return ast.op === '.' || ast.op === '.?' ? select(ast.args, scope) : index(ast.args, scope)
}

type Operation = Exclude<
  ASTNode,
  { op: 'value' | 'id' | '.' | '.?' | '[]' | '[?]' | 'list' | 'map' | '?:' | 'call' | 'rcall' }
>

function operation(ast: Operation, scope: Scope): Estimate {
  if (ast.op === '!_' || ast.op === '-_') return plain(1 + estimate(ast.args, scope).cost)
  return binary(ast.op, ast.args, scope)
}

function literal(ast: Node<'list' | 'map'>, scope: Scope): Estimate {
  if (ast.op === 'list') return list(ast.args, scope)
  return plain(mapCost + sumOf(childNodes(ast), scope), ast.args.length)
}

function callOf(ast: Node<'call' | 'rcall'>, scope: Scope): Call {
  if (ast.op === 'call') return { name: ast.args[0], receiver: undefined, args: ast.args[1], scope }
  return { name: ast.args[0], receiver: ast.args[1], args: ast.args[2], scope }
}

function sumOf(nodes: readonly ASTNode[], scope: Scope): number {
  return nodes.reduce((sum, node) => sum + estimate(node, scope).cost, 0)
}

function select([target, field]: readonly [ASTNode, string], scope: Scope): Estimate {
  const owner = estimate(target, scope)
  const cost = owner.cost + 1
  if (!owner.node) return plain(cost, unknown)
  if (owner.node.additional) return under(owner.node.additional, cost)
  const child = fieldNamed(owner.node, owner.root, field)
  return child ? { ...under(child, cost), root: child.embedded } : plain(cost, unknown)
}

function index([target, position]: readonly [ASTNode, ASTNode], scope: Scope): Estimate {
  const owner = estimate(target, scope)
  const cost = owner.cost + estimate(position, scope).cost + 1
  return entryOf(owner, cost)
}

/** One of the values in a list or map. */
function entryOf({ node, entries }: Estimate, cost: number): Estimate {
  const child = node?.items ?? node?.additional
  return child ? under(child, cost) : plain(cost, entries)
}

function list(elements: readonly ASTNode[], scope: Scope): Estimate {
  const all = elements.map((element) => estimate(element, scope))
  const cost = listCost + all.reduce((sum, each) => sum + each.cost, 0)
  return { ...plain(cost, elements.length), entries: Math.max(0, ...all.map(({ size }) => size)) }
}

function choice([condition, yes, no]: readonly [ASTNode, ASTNode, ASTNode], scope: Scope): Estimate {
  const [left, right] = [estimate(yes, scope), estimate(no, scope)]
  const wider = left.size >= right.size ? left : right
  return { ...wider, cost: estimate(condition, scope).cost + Math.max(left.cost, right.cost) }
}

function isText({ node }: Estimate): boolean {
  return node === undefined || node.types.includes('string')
}

const orders: ReadonlySet<string> = new Set(['<', '<=', '>', '>='])

function binary(op: string, [first, second]: readonly [ASTNode, ASTNode], scope: Scope): Estimate {
  const [left, right] = [estimate(first, scope), estimate(second, scope)]
  const cost = left.cost + right.cost
  if (orders.has(op)) {
    return plain(cost + (isText(left) && isText(right) ? walk(Math.min(left.size, right.size)) : 1))
  }
  switch (op) {
    case '&&':
    case '||':
      return plain(cost)
    case '+':
      return joined({ left, right, cost, scalar: isScalar(first, left) || isScalar(second, right) })
    case 'in':
      return plain(cost + (right.node?.additional ? 1 : right.size))
    case '==':
    case '!=':
      return plain(cost + walk(Math.min(left.size, right.size)))
    default:
      return plain(cost + 1)
  }
}

function isScalar(ast: ASTNode, { node }: Estimate): boolean {
  if (ast.op === 'value') return typeof ast.args !== 'string'
  return node?.types.length === 1 && ['integer', 'number', 'boolean'].includes(node.types[0] ?? '')
}

interface Sum {
  left: Estimate
  right: Estimate
  cost: number
  scalar: boolean
}

/** Texts are walked when they are put together, lists are not. */
function joined({ left, right, cost, scalar }: Sum): Estimate {
  if (scalar) return plain(cost + 1)
  const size = left.size + right.size
  const lists = [left, right].some(({ node, entries }) => node?.types[0] === 'array' || entries !== unknown)
  if (!lists) return plain(cost + walk(size), size)
  const entries = Math.max(entryOf(left, 0).size, entryOf(right, 0).size)
  return { ...plain(cost + 1, size), entries }
}

interface Call {
  name: string
  receiver: ASTNode | undefined
  args: readonly ASTNode[]
  scope: Scope
}

function call({ name, receiver, args, scope }: Call): Estimate {
  const [first] = args
  // A test for presence is free.
  if (name === 'has' && first?.op === '.') return plain(estimate(first.args[0], scope).cost)
  if (receiver && name === 'bind' && first?.op === 'id') return bind(first.args, args, scope)
  if (receiver && comprehensions.has(name)) return comprehension({ name, receiver, args, scope })
  const given = args.map((arg) => estimate(arg, scope))
  const target = receiver && estimate(receiver, scope)
  const cost = given.reduce((sum, each) => sum + each.cost, target?.cost ?? 0)
  return functionCall({ name, target, given, cost })
}

function bind(name: string, [, value, body]: readonly ASTNode[], scope: Scope): Estimate {
  if (!value || !body) return plain(1)
  const bound = estimate(value, scope)
  const result = estimate(body, new Map([...scope, [name, { ...bound, cost: 1 }]]))
  return { ...result, cost: listCost + bound.cost + result.cost }
}

/** What the steps of a comprehension cost besides its body, and what it costs once. */
const loops: Readonly<Record<string, { step: number; once: number }>> = {
  all: { step: 3, once: 1 },
  exists: { step: 4, once: 1 },
  exists_one: { step: 2, once: 2 },
  existsOne: { step: 2, once: 2 },
  filter: { step: 13, once: 11 },
  map: { step: 12, once: 11 },
  transformList: { step: 12, once: 11 },
  transformMap: { step: 3, once: 31 },
}

function comprehension({ name, receiver, args, scope }: Call & { receiver: ASTNode }): Estimate {
  const range = estimate(receiver, scope)
  const names = boundIn(name, args, range.node)
  const inner = new Map(scope)
  for (const [position, [bound, node]] of names.entries()) {
    const isEntry = position === names.length - 1 && !(range.node?.additional && names.length === 1)
    // Keys of maps and positions in lists count as scalars.
    inner.set(bound, isEntry ? { ...entryOf(range, 1), root: node?.embedded ?? false } : plain(1))
  }
  const bodies = args.slice(names.length).map((body) => estimate(body, inner))
  const { step, once } = loops[name] ?? { step: 3, once: 1 }
  const body = bodies.reduce((sum, each) => sum + each.cost, step)
  const cost = range.cost + once + times(range.size, body)
  if (name === 'filter') return { ...range, cost }
  const last = bodies.at(-1)
  if (once > 10) return { ...plain(cost, range.size), entries: last?.size ?? unknown }
  return plain(cost)
}

/** Zero times anything is nothing. */
function times(left: number, right: number): number {
  return left === 0 || right === 0 ? 0 : left * right
}

interface Called {
  name: string
  target: Estimate | undefined
  given: readonly Estimate[]
  /** Of target and arguments. */
  cost: number
}

type Cost = (called: Called) => Estimate

const overText: Cost = ({ target, cost }) => plain(cost + walk(target?.size ?? 1), target?.size ?? 1)
const parsing: Cost = ({ given, cost }) => plain(cost + walk(given[0]?.size ?? 1))
const comparing: Cost = ({ given, cost }) => plain(cost + walk(given[0]?.size ?? 1))

const searching: Cost = ({ target, given, cost }) => {
  const [pattern] = given.slice(target ? 0 : 1)
  const text = target ?? given[0]
  const steps = times(walk(1 + (text?.size ?? 0)), walk(pattern?.size ?? 0, patternFactor))
  return { ...plain(cost + steps, text?.size ?? 1), entries: text?.size ?? 1 }
}

const overList: Cost = ({ target, cost }) => {
  if (!target) return plain(cost + 1)
  if (target.node?.types[0] === 'string') return plain(cost + walk(target.size))
  const entry = entryOf(target, 0)
  const each = isText(entry) && entry.size > 1 ? 1 + walk(entry.size) : 1
  return { ...entry, cost: cost + times(target.size, each) }
}

const whole: Cost = ({ target, cost }) => ({ ...(target ?? plain(0)), cost: cost + 1 })

const costs: Readonly<Record<string, Cost>> = {
  size: ({ cost }) => plain(cost + 1),
  contains: ({ target, given, cost }) => plain(cost + times(walk(target?.size ?? 1), walk(given[0]?.size ?? 1))),
  startsWith: comparing,
  endsWith: comparing,
  re2Matches: searching,
  find: searching,
  findAll: searching,
  lowerAscii: overText,
  upperAscii: overText,
  substring: overText,
  trim: overText,
  replace: ({ target, given, cost }) => {
    const size = target?.size ?? 1
    return plain(cost + walk(2 * size), times(size + 1, Math.max(1, given[1]?.size ?? 1)))
  },
  split: ({ target, cost }) => {
    const size = target?.size ?? 1
    return { ...plain(cost + walk(2 * size), size), entries: size }
  },
  join: ({ target, given, cost }) => {
    const count = target?.size ?? 1
    const size = times(count, target ? entryOf(target, 0).size : 1) + times(count, given[0]?.size ?? 0)
    return plain(cost + walk(size), size)
  },
  isSorted: overList,
  sum: overList,
  min: overList,
  max: overList,
  indexOf: overList,
  lastIndexOf: overList,
  url: parsing,
  quantity: parsing,
  isQuantity: parsing,
  ip: parsing,
  isIP: parsing,
  cidr: parsing,
  isCIDR: parsing,
  dyn: ({ given, cost }) => ({ ...(given[0] ?? plain(0)), cost: cost + 1 }),
  value: ({ target, cost }) => ({ ...(target ?? plain(0)), cost: cost + 1 }),
  orValue: ({ target, given, cost }) => ({ ...(target?.node ? target : (given[0] ?? plain(0))), cost: cost + 1 }),
  // Only of texts is it known how long they are as texts.
  string: ({ given, cost }) => plain(cost + 1, given[0]?.node?.types[0] === 'string' ? given[0].size : unknown),
  format: ({ cost }) => plain(cost + 1, unknown),
  sort: whole,
  reverse: whole,
  distinct: whole,
  slice: whole,
}

function functionCall(called: Called): Estimate {
  const own = Object.hasOwn(costs, called.name) ? costs[called.name] : undefined
  // Functions without an entry take one step and give something small.
  return own ? own(called) : plain(called.cost + 1)
}

/** What an expression or all of a schema's may cost. */
export const costLimit = { expression: 10_000_000, schema: 100_000_000 }

/** Kubernetes' words for costs over a limit. */
export function costWords(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const digits = factor < 1.5 ? 6 : 1
  const words = factor > 100 ? 'more than 100x' : `${factor.toFixed(digits)}x`
  return `${what} exceeds budget by factor of ${words} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}
