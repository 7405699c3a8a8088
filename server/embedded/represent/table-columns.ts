import { isJsonObject, type JsonObject } from '@/contract/json'
import { evaluateJsonPath, type JsonPath, parseJsonPath } from '@/contract/json-path'
import type { PrinterColumn } from '@/contract/kinds/kind'
import { resourceName, type Target } from '../registry/served-resource'
import { builtInColumns } from './built-in-columns'
import { ageOf } from './duration'

export interface ColumnDefinition {
  name: string
  type: string
  format: string
  description: string
  priority: number
}

export interface TableColumn {
  definition: ColumnDefinition
  /** undefined: nothing to show. */
  cell(object: JsonObject, now: Date): unknown
}

const nameColumn: TableColumn = {
  definition: {
    name: 'Name',
    type: 'string',
    format: 'name',
    description:
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
    priority: 0,
  },
  cell: (object) => metadataOf(object)['name'],
}

export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata']
  return isJsonObject(metadata) ? metadata : {}
}

/** The columns of a kind's table: Kubernetes' own for built-in kinds, the definition's for custom ones. */
export function columnsOf({ resource, version }: Target): TableColumn[] {
  if (resource.origin === 'custom') return [nameColumn, ...version.columns.map(printerColumn)]
  const [named, ...rest] = builtInColumns(resourceName(resource))
  const columns = rest.map(({ name, type = 'string', priority = 0, cell }) => ({
    definition: { name, type, format: '', description: '', priority },
    cell,
  }))
  return [named ? { ...nameColumn, cell: named.cell } : nameColumn, ...columns]
}

function printerColumn(column: PrinterColumn): TableColumn {
  const path = parseJsonPath(column.jsonPath)
  return {
    definition: {
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
      priority: column.priority ?? 0,
    },
    cell: (object, now) => printed(column.type, path, { object, now }),
  }
}

function printed(type: string, path: JsonPath, { object, now }: { object: JsonObject; now: Date }): unknown {
  const value = evaluateJsonPath(path, object)[0]
  if (value === undefined || value === null) return undefined
  switch (type) {
    case 'date':
      return ageOf(value, now)
    case 'integer':
    case 'number':
      return typeof value === 'number' ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }
}
