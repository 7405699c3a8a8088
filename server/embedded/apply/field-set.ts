import { isJsonObject, type JsonObject } from '@/contract/json'

/**
 * Sets of field paths, and their form in managedFields (`FieldsV1`). A step is `f:<field>`, `k:<key fields as JSON>` for
 * an element of a keyed list, or `v:<value as JSON>` for one of a set.
 */
export type Path = readonly string[]

/** A path's place in the tree: whether the path itself is a member, and what goes on from it. */
interface Node {
  member: boolean
  children: Map<string, Node>
}

const emptyNode = (): Node => ({ member: false, children: new Map() })

export class FieldSet {
  readonly #root: Node

  private constructor(root: Node) {
    this.#root = root
  }

  static empty(): FieldSet {
    return new FieldSet(emptyNode())
  }

  static of(paths: Iterable<Path>): FieldSet {
    const set = FieldSet.empty()
    for (const path of paths) set.add(path)
    return set
  }

  /** Reads the form that managedFields have; what is none of it is no member. */
  static fromFieldsV1(fields: unknown): FieldSet {
    const read = (value: unknown): Node => {
      const node = emptyNode()
      if (!isJsonObject(value)) return node
      const keys = Object.keys(value)
      node.member = keys.length === 0 || '.' in value
      for (const key of keys) if (key !== '.') node.children.set(key, read(value[key]))
      return node
    }
    const root = read(fields)
    root.member = false
    return new FieldSet(root)
  }

  toFieldsV1(): JsonObject {
    const write = ({ member, children }: Node): JsonObject => {
      const entries = [...children].sort(([left], [right]) => (left < right ? -1 : 1))
      const below = entries.map(([step, child]): [string, JsonObject] => [step, write(child)])
      return Object.fromEntries(member && below.length > 0 ? [['.', {}], ...below] : below)
    }
    return write(this.#root)
  }

  get isEmpty(): boolean {
    return this.#root.children.size === 0
  }

  add(path: Path): void {
    if (path.length === 0) return
    let node = this.#root
    for (const step of path) {
      let next = node.children.get(step)
      if (!next) {
        next = emptyNode()
        node.children.set(step, next)
      }
      node = next
    }
    node.member = true
  }

  has(path: Path): boolean {
    return this.#find(path)?.member ?? false
  }

  /** Whether the path or anything below it is in the set. */
  hasAtOrBelow(path: Path): boolean {
    // Nodes without members below them are never kept.
    return this.#find(path) !== undefined
  }

  union(other: FieldSet): FieldSet {
    const merge = (left: Node | undefined, right: Node | undefined): Node => {
      if (!left || !right) return copy(left ?? right ?? emptyNode())
      const steps = new Set([...left.children.keys(), ...right.children.keys()])
      return {
        member: left.member || right.member,
        children: new Map([...steps].map((step) => [step, merge(left.children.get(step), right.children.get(step))])),
      }
    }
    return new FieldSet(merge(this.#root, other.#root))
  }

  without(other: FieldSet): FieldSet {
    return this.#combined(other, (mine, theirs) => mine && !theirs)
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combined(other, (mine, theirs) => mine && theirs)
  }

  equals(other: FieldSet): boolean {
    const same = (left: Node, right: Node): boolean =>
      left.member === right.member &&
      left.children.size === right.children.size &&
      [...left.children].every(([step, child]) => {
        const match = right.children.get(step)
        return match !== undefined && same(child, match)
      })
    return same(this.#root, other.#root)
  }

  /** All paths in the order in which messages and FieldsV1 have them. */
  paths(): Path[] {
    const found: Path[] = []
    const walk = (node: Node, path: Path): void => {
      if (node.member) found.push(path)
      for (const [step, child] of [...node.children].sort(([left], [right]) => (left < right ? -1 : 1))) {
        walk(child, [...path, step])
      }
    }
    walk(this.#root, [])
    return found
  }

  #find(path: Path): Node | undefined {
    let node: Node | undefined = this.#root
    for (const step of path) node = node?.children.get(step)
    return node
  }

  #combined(other: FieldSet, keep: (mine: boolean, theirs: boolean) => boolean): FieldSet {
    const walk = (mine: Node, theirs: Node | undefined): Node => {
      const children = new Map<string, Node>()
      for (const [step, child] of mine.children) {
        const left = walk(child, theirs?.children.get(step))
        if (left.member || left.children.size > 0) children.set(step, left)
      }
      return { member: keep(mine.member, theirs?.member ?? false), children }
    }
    return new FieldSet(walk(this.#root, other.#root))
  }
}

function copy({ member, children }: Node): Node {
  return { member, children: new Map([...children].map(([step, child]) => [step, copy(child)])) }
}

/** As messages name a field: `.spec.containers[name="a"].image`. */
export function printPath(path: Path): string {
  return path
    .map((step) => {
      const rest = step.slice(2)
      if (step.startsWith('f:')) return `.${rest}`
      if (step.startsWith('v:')) return `[=${rest}]`
      // Written by `stepOf` as an object's JSON.
      const key = JSON.parse(rest) as JsonObject
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}
