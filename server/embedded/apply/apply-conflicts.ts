import type { ManagedFieldsEntry } from '../api-object'
import { StatusError } from '../errors/status-error'
import { type FieldSet, printPath } from './field-set'

/** Fields that an apply would change, and who owns them. */
export interface Contested {
  entry: ManagedFieldsEntry
  fields: FieldSet
}

/** The refusal of an apply, in kube-apiserver's words: `kubectl` prints it as it is. */
export function conflictError(contested: readonly Contested[]): StatusError {
  const conflicts = contested
    .map(({ entry, fields }) => ({ manager: printManager(entry), paths: fields.paths().map(printPath) }))
    .sort((left, right) => (left.manager < right.manager ? -1 : 1))
  const total = conflicts.reduce((sum, { paths }) => sum + paths.length, 0)
  const [first] = conflicts
  const text =
    total === 1
      ? `conflict with ${first?.manager}: ${first?.paths[0]}`
      : conflicts.map(({ manager, paths }) => [`conflicts with ${manager}:`, ...paths].join('\n- ')).join('\n')
  return new StatusError({
    message: `Apply failed with ${total} conflict${total === 1 ? '' : 's'}: ${text}`,
    reason: 'Conflict',
    details: {
      causes: conflicts.flatMap(({ manager, paths }) =>
        paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
      ),
    },
    code: 409,
  })
}

function printManager({ manager, subresource, operation, apiVersion, time }: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(manager)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}`
  return operation === 'Update' ? `${name} using ${apiVersion}${time ? ` at ${time}` : ''}` : name
}
