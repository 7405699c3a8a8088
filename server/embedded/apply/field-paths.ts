import { isJsonObject, type JsonObject } from '@/contract/json'

/**
 * Sets of field paths, and their form in managedFields (`FieldsV1`). A step is `f:<field>`, `k:<key fields as JSON>` for
 * an element of a keyed list, or `v:<value as JSON>` for one of a set.
 */
export type Path = readonly string[]

export class PathSet {
  readonly #paths = new Map<string, Path>()

  static of(paths: Iterable<Path>): PathSet {
    const set = new PathSet()
    for (const path of paths) set.add(path)
    return set
  }

  get size(): number {
    return this.#paths.size
  }

  add(path: Path): void {
    this.#paths.set(JSON.stringify(path), path)
  }

  has(path: Path): boolean {
    return this.#paths.has(JSON.stringify(path))
  }

  /** Whether the path or anything below it is in the set. */
  hasAtOrBelow(path: Path): boolean {
    const start = JSON.stringify(path).slice(0, -1)
    for (const key of this.#paths.keys()) if (key === `${start}]` || key.startsWith(`${start},`)) return true
    return false
  }

  filter(keep: (path: Path) => boolean): PathSet {
    return PathSet.of([...this].filter(keep))
  }

  union(other: PathSet): PathSet {
    return PathSet.of([...this, ...other])
  }

  without(other: PathSet): PathSet {
    return this.filter((path) => !other.has(path))
  }

  [Symbol.iterator](): Iterator<Path> {
    return this.#paths.values()
  }
}

export function toFieldsV1(set: PathSet): JsonObject {
  const root: JsonObject = {}
  for (const path of set) {
    let node = root
    for (const step of path) {
      const next = node[step]
      if (isJsonObject(next)) node = next
      else {
        const made: JsonObject = {}
        node[step] = made
        node = made
      }
    }
    node['.'] = {}
  }
  return withoutNeedlessDots(root)
}

/** A node without children needs no dot to be a member. */
function withoutNeedlessDots(node: JsonObject): JsonObject {
  const keys = Object.keys(node)
  if (keys.length === 1 && keys[0] === '.') return {}
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '.' || !isJsonObject(value) ? {} : withoutNeedlessDots(value),
    ]),
  )
}

export function fromFieldsV1(fields: unknown): PathSet {
  const set = new PathSet()
  const walk = (node: unknown, path: Path): void => {
    if (!isJsonObject(node)) return
    const keys = Object.keys(node)
    if (path.length > 0 && (keys.length === 0 || '.' in node)) set.add(path)
    for (const key of keys) if (key !== '.') walk(node[key], [...path, key])
  }
  walk(fields, [])
  return set
}

/** As messages name a field: `.spec.containers[name="a"].image`. */
export function printPath(path: Path): string {
  return path
    .map((step) => {
      const rest = step.slice(2)
      if (step.startsWith('f:')) return `.${rest}`
      if (step.startsWith('v:')) return `[${rest}]`
      // Written by `keyStep` as an object's JSON.
      const key = JSON.parse(rest) as JsonObject
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}
