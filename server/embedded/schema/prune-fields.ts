import { isJsonObject, type JsonObject } from '@/contract/json'
import type { SchemaNode } from './schema-node'

/** What every object has, whatever its schema says. */
const objectFields = new Set(['apiVersion', 'kind', 'metadata'])

interface Pruning {
  /** Where the paths of removed fields go; undefined: nobody asks. */
  unknown: string[] | undefined
}

/**
 * Removes the fields that a schema does not know, except where it says that they are to be kept. `object` is changed.
 * Adds the paths of what was removed to `unknown`.
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning)
 */
export function pruneObject(root: SchemaNode, object: JsonObject, unknown?: string[]): void {
  pruneFields({ ...root, embedded: true }, object, { path: '', unknown })
}

function prune(node: SchemaNode, value: unknown, at: Pruning & { path: string }): void {
  if (Array.isArray(value)) {
    const { items } = node
    if (!items) return
    for (const [index, entry] of value.entries()) {
      if (typeof entry === 'object' && entry !== null) {
        prune(items, entry, { ...at, path: at.unknown ? `${at.path}[${index}]` : '' })
      }
    }
  } else if (isJsonObject(value)) pruneFields(node, value, at)
}

function pruneFields(node: SchemaNode, value: JsonObject, at: Pruning & { path: string }): void {
  for (const name in value) {
    if (node.embedded && objectFields.has(name)) continue
    const child = node.properties.get(name) ?? node.additional
    if (child) {
      const entry = value[name]
      if (typeof entry === 'object' && entry !== null) {
        prune(child, entry, { unknown: at.unknown, path: at.unknown ? join(at.path, name) : '' })
      }
    } else if (!node.preserves && !node.additionalAnything) {
      delete value[name]
      at.unknown?.push(join(at.path, name))
    }
  }
}

/** The path of a field; `` is the object itself. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** Removes unknown fields from a value that is part of an object. */
export function pruneValue(node: SchemaNode, value: unknown): void {
  prune(node, value, { path: '', unknown: undefined })
}
