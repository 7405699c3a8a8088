import { isJsonObject, type JsonObject } from '@/contract/json'
import type { BuiltInColumn } from './built-in-column'
import { ageOf } from './duration'

/** What `kubectl get` prints of roles and bindings. */

function metadata(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {}
}

const name: BuiltInColumn = { name: 'Name', cell: (object) => metadata(object)['name'] }

export const roleColumns: BuiltInColumn[] = [
  name,
  { name: 'Created At', cell: (object) => metadata(object)['creationTimestamp'] },
]

function subjects(object: JsonObject, kind: string): string {
  const all = Array.isArray(object['subjects']) ? object['subjects'].filter(isJsonObject) : []
  return all
    .filter((subject) => subject['kind'] === kind)
    .map(({ namespace, name: own }) =>
      kind === 'ServiceAccount' ? `${String(namespace ?? '')}/${String(own)}` : String(own),
    )
    .join(', ')
}

function roleOf(object: JsonObject): string {
  const ref = isJsonObject(object['roleRef']) ? object['roleRef'] : {}
  return `${String(ref['kind'])}/${String(ref['name'])}`
}

export const roleBindingColumns: BuiltInColumn[] = [
  name,
  { name: 'Role', cell: roleOf },
  { name: 'Age', cell: (object, now) => ageOf(metadata(object)['creationTimestamp'], now) },
  { name: 'Users', priority: 1, cell: (object) => subjects(object, 'User') },
  { name: 'Groups', priority: 1, cell: (object) => subjects(object, 'Group') },
  { name: 'ServiceAccounts', priority: 1, cell: (object) => subjects(object, 'ServiceAccount') },
]
