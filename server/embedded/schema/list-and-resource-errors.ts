import { isJsonObject, type JsonObject } from '@/contract/json'
import { duplicateValue, type FieldError, requiredValue } from '../errors/status-error'
import { metadataErrorsBelow } from './embedded-metadata'
import { join } from './prune-fields'
import type { SchemaNode } from './schema-node'
import { keyOf } from './validate-value'
import { duplicates } from './value-checks'

/** Entries that a list of type set or map may not have twice, all through an object. */
export function duplicateErrors(node: SchemaNode, value: unknown, path = ''): FieldError[] {
  if (!node.has.lists) return []
  if (Array.isArray(value)) {
    const { items } = node
    return [
      ...ownDuplicates(node, value, path),
      ...(items?.has.lists ? value.flatMap((entry, index) => duplicateErrors(items, entry, `${path}[${index}]`)) : []),
    ]
  }
  return childrenOf(node, value).flatMap(([child, entry, name]) => duplicateErrors(child, entry, join(path, name)))
}

function ownDuplicates({ listType, listKeys }: SchemaNode, list: readonly unknown[], path: string): FieldError[] {
  if (listType === 'atomic') return []
  if (listType === 'set') return duplicates(list).map((index) => duplicateValue(`${path}[${index}]`, list[index]))
  const seen = new Set<string>()
  return list.flatMap((entry, index) => {
    if (!isJsonObject(entry)) return []
    const key = keyOf(entry, listKeys)
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    const named = listKeys.filter((name) => entry[name] !== undefined).map((name) => [name, entry[name]])
    return [duplicateValue(`${path}[${index}]`, Object.fromEntries(named))]
  })
}

/** What is wrong with the type and metadata of objects that are part of an object. */
export function embeddedErrors(node: SchemaNode, value: unknown, path = ''): FieldError[] {
  if (!node.has.embedded) return []
  if (Array.isArray(value)) {
    const { items } = node
    return items ? value.flatMap((entry, index) => embeddedErrors(items, entry, `${path}[${index}]`)) : []
  }
  return [
    ...(node.embedded && isJsonObject(value) ? resourceErrors(value, path) : []),
    ...childrenOf(node, value).flatMap(([child, entry, name]) => embeddedErrors(child, entry, join(path, name))),
  ]
}

function resourceErrors(value: JsonObject, path: string): FieldError[] {
  const untyped = ['apiVersion', 'kind'].filter((name) => value[name] === undefined || value[name] === '')
  return [
    ...untyped.map((name) => requiredValue(join(path, name), 'must not be empty')),
    ...metadataErrorsBelow(value['metadata'], join(path, 'metadata')),
  ]
}

function childrenOf(node: SchemaNode, value: unknown): [SchemaNode, unknown, string][] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, entry]): [SchemaNode, unknown, string][] => {
    const child = node.properties.get(name) ?? node.additional
    return child ? [[child, entry, name]] : []
  })
}
