import type { SchemaNode } from './schema-node'

/**
 * How large values under a schema can become, as far as it says, and else as far as a request can carry them: what
 * Kubernetes estimates the cost of rules with.
 */

/** Bytes of JSON in one request. */
const largestRequest = 3 * 1024 * 1024
/** JSON's shortest forms: `""`, `{}`, `[]`. */
const empty = 2

const textSizes: Readonly<Record<string, { least: number; most: number }>> = {
  duration: { least: 3, most: 32 },
  date: { least: 12, most: 12 },
  'date-time': { least: 21, most: 32 },
}

const smallest = new WeakMap<SchemaNode, number>()

/** The fewest bytes of JSON in which a value can be written. */
export function leastBytes(node: SchemaNode): number {
  const known = smallest.get(node)
  if (known !== undefined) return known
  const least = measure(node)
  smallest.set(node, least)
  return least
}

function measure(node: SchemaNode): number {
  if (node.types.length > 1) return 1
  switch (node.types[0]) {
    case 'string':
      return textSizes[node.format]?.least ?? empty
    case 'boolean':
      return 4
    case 'integer':
    case 'number':
      return 1
    case 'object':
      return node.additional ? empty : objectBytes(node)
    default:
      return empty
  }
}

/** A field takes its name, two quotes, a colon and a comma; what has a default need not be written. */
function objectBytes({ properties, required }: SchemaNode): number {
  let bytes = empty
  for (const name of required) {
    const field = properties.get(name)
    if (field && field.default === undefined) bytes += name.length + leastBytes(field) + 4
  }
  return bytes
}

/** The most characters of a text, or entries of a list or map; 0 for what has no size. */
export function mostElements(node: SchemaNode): number {
  const { most, items, additional } = node
  if (node.types.length > 1) return longestText(node)
  switch (node.types[0]) {
    case 'string':
      return longestText(node)
    case 'array':
      return most.items ?? Math.floor((largestRequest - empty) / (1 + (items ? leastBytes(items) : empty)))
    case 'object':
      if (!additional) return 0
      return most.properties ?? Math.floor((largestRequest - empty) / (6 + leastBytes(additional)))
    default:
      return 0
  }
}

/** A character takes up to four bytes. */
function longestText({ most, format, enum: values }: SchemaNode): number {
  if (format in textSizes) return textSizes[format]?.most ?? 0
  if (most.length !== undefined) return format === 'byte' ? most.length : 4 * most.length
  const texts = values?.filter((value) => typeof value === 'string')
  if (texts && texts.length > 0) return Math.max(...texts.map((value) => value.length))
  return largestRequest - empty
}

/** How often a value can occur in one request when nothing around it is limited. */
export function mostOccurrences(node: SchemaNode): number {
  return Math.floor(largestRequest / (leastBytes(node) + 1))
}

/** By how much a value multiplies what is in it; undefined: without limit. */
export function multiplies({ types, additional, additionalAnything, most }: SchemaNode): number | undefined {
  if (types[0] === 'array') return most.items
  return types[0] === 'object' && (additional || additionalAnything) ? most.properties : 1
}
