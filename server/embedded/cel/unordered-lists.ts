import { type ASTNode, type Environment, serialize } from '@marcbachmann/cel-js'
import { isNode } from './ast'

/** Lists of type set and map: two of them are equal when they have the same entries in whatever order. */

const marked = new WeakSet<readonly unknown[]>()

/** Marks a list as one whose order does not count. */
export function unordered(list: unknown[]): unknown[] {
  marked.add(list)
  return list
}

/** The functions that are written into expressions; no field and no other function is called so. */
const [equal, join, merge] = ['unorderedListsEqual', 'unorderedListsJoined', 'unorderedListsMerged']

/** Equality: where `left` has a list whose order does not count, it does not count in `right` either. */
function areEqual(left: unknown, right: unknown): boolean {
  return textOf(left) === textOf(right, left)
}

/** The same text for equal values; `like` says where the order does not count besides what is marked. */
function textOf(value: unknown, like: unknown = value): string {
  if (Array.isArray(value)) {
    const texts = value.map((entry: unknown, index) =>
      textOf(entry, Array.isArray(like) ? (like[index] ?? entry) : entry),
    )
    return `[${(isUnordered(value) || isUnordered(like) ? texts.sort() : texts).join()}]`
  }
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : String(value)
  if (!isPlain(value)) return JSON.stringify(value) ?? String(value)
  const fields = Object.entries(value).map(
    ([key, entry]) => `${JSON.stringify(key)}:${textOf(entry, fieldOf(like, key) ?? entry)}`,
  )
  return `{${fields.sort().join()}}`
}

function isUnordered(value: unknown): boolean {
  return Array.isArray(value) && marked.has(value)
}

/** Maps and objects; what has a prototype of its own is a timestamp, bytes and the like. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** `left` with the entries of `right` that it lacks, as Kubernetes adds to a list of type set. */
function joined(left: unknown, right: unknown): unknown {
  const present = new Set(entriesOf(left).map((entry) => textOf(entry)))
  return unordered([...entriesOf(left), ...entriesOf(right).filter((entry) => !present.has(textOf(entry)))])
}

/** `left` with the entries of `right`, which replace those of the same key in their places: a list of type map. */
function merged(left: unknown, right: unknown, keys: unknown): unknown {
  const names = entriesOf(keys).map(String)
  const keyOf = (entry: unknown) => textOf(names.map((key) => fieldOf(entry, key) ?? null))
  const result = new Map(entriesOf(left).map((entry) => [keyOf(entry), entry]))
  for (const entry of entriesOf(right)) result.set(keyOf(entry), entry)
  return unordered([...result.values()])
}

function entriesOf(list: unknown): unknown[] {
  if (!Array.isArray(list)) throw new Error('no such overload')
  return list
}

function fieldOf(entry: unknown, name: string): unknown {
  return isPlain(entry) ? Object.getOwnPropertyDescriptor(entry, name)?.value : undefined
}

export function registerUnorderedLists(env: Environment): void {
  env.registerFunction(`${equal}(dyn, dyn): bool`, areEqual, { async: false })
  env.registerFunction(`${join}(dyn, dyn): dyn`, joined, { async: false })
  env.registerFunction(`${merge}(dyn, dyn, list): dyn`, merged, { async: false })
}

/** What of an expression is about lists whose order does not count. */
export interface ListUses {
  /** Comparisons. */
  compared: ReadonlySet<ASTNode>
  /** Sums, with the fields that are the keys of their entries: none of a set. */
  added: ReadonlyMap<ASTNode, readonly string[]>
}

/** The expression written anew, with functions of ours where the library's operators would count the order. */
export function withUnorderedLists(ast: ASTNode, { compared, added }: ListUses): string {
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite)
    if (!isNode(value)) return value
    const args = rewrite(value.args)
    if (compared.has(value) && Array.isArray(args)) {
      const same = call(equal, args)
      return value.op === '!=' ? { op: '!_', args: same } : same
    }
    return operation(value, args, added.get(value))
  }
  // The tree is built like the parser's; only the writer reads it.
  return serialize(rewrite(ast) as ASTNode)
}

function operation(node: ASTNode, args: unknown, keys: readonly string[] | undefined): unknown {
  if (keys && Array.isArray(args)) {
    const list = { op: 'list', args: keys.map((key) => ({ op: 'value', args: key })) }
    return keys.length === 0 ? call(join, args) : call(merge, [...args, list])
  }
  // The library's writer rounds; a name is written as it is.
  if (node.op === 'value' && typeof args === 'number') return { op: 'id', args: double(args) }
  return { op: node.op, args }
}

function call(name: string, args: unknown[]): { op: string; args: unknown } {
  return { op: 'call', args: [name, args] }
}

function double(value: number): string {
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
