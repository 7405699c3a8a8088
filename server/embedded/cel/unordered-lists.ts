import type { Environment } from '@marcbachmann/cel-js'

/** Lists of type set and map: two of them are equal when they have the same entries in whatever order. */

const marked = new WeakSet<readonly unknown[]>()

/** Marks a list as one whose order does not count. */
export function unordered(list: unknown[]): unknown[] {
  marked.add(list)
  return list
}

/** The function that `inOrder` writes into expressions; no field and no other function is called so. */
const name = 'unorderedListsInOrder'

/** A value with all marked lists in it brought into one order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(ordered)
    return marked.has(value)
      ? list
          .map(withText)
          .sort(byText)
          .map(({ entry }) => entry)
      : list
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== null) return value
  const result: Record<string, unknown> = Object.create(null)
  for (const [key, entry] of Object.entries(value)) result[key] = ordered(entry)
  return result
}

function withText(entry: unknown): { entry: unknown; text: string } {
  const text = JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
  return { entry, text: text ?? '' }
}

function byText(left: { text: string }, right: { text: string }): number {
  return left.text < right.text ? -1 : left.text > right.text ? 1 : 0
}

export function registerUnorderedLists(env: Environment): void {
  env.registerFunction(`${name}(dyn): dyn`, ordered, { async: false })
}

/** An expression in which those parts are brought into order before they are compared. */
export function inOrder(source: string, parts: readonly { start: number; end: number }[]): string {
  const inserts = parts.flatMap(({ start, end }) => [
    { at: start, text: `${name}(` },
    { at: end, text: ')' },
  ])
  return inserts
    .sort((left, right) => right.at - left.at)
    .reduce((text, { at, text: insert }) => text.slice(0, at) + insert + text.slice(at), source)
}
