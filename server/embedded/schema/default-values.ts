import { isJsonObject } from '@/contract/json'
import type { SchemaNode } from './schema-node'

/**
 * Fills in what the schema says is there when nothing is said, and drops nulls that the schema does not allow. `value`
 * is changed. (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting)
 */
export function fillDefaults(node: SchemaNode, value: unknown): void {
  if (isJsonObject(value)) {
    fillObject(node, value)
  } else if (Array.isArray(value) && node.items) {
    fillList(node.items, value)
  }
}

function addMissing(node: SchemaNode, value: Record<string, unknown>): void {
  for (const [name, property] of node.properties) {
    if (property.default === undefined) continue
    const present = Object.hasOwn(value, name) ? value[name] : undefined
    if (present === undefined || (present === null && !property.nullable)) {
      value[name] = structuredClone(property.default)
    }
  }
}

function fillObject(node: SchemaNode, value: Record<string, unknown>): void {
  if (node.has.defaults) addMissing(node, value)
  for (const name in value) {
    const child = node.properties.get(name) ?? node.additional
    if (!child) continue
    const entry = value[name]
    if (entry === null && !child.nullable && child.types.length > 0) {
      if (child.default === undefined) delete value[name]
      else value[name] = structuredClone(child.default)
    } else if (typeof entry === 'object') fillDefaults(child, entry)
  }
}

function fillList(items: SchemaNode, list: unknown[]): void {
  for (const [index, entry] of list.entries()) {
    if (entry === null && !items.nullable && items.default !== undefined) list[index] = structuredClone(items.default)
    else if (typeof entry === 'object') fillDefaults(items, entry)
  }
}
