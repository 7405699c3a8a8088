import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import { fieldsSet, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

/** The templates of data volumes in a machine: each is sound and used by a volume. */
export function checkDataVolumeTemplates(spec: JsonObject, machine: JsonObject, causes: Causes): void {
  for (const [index, template] of objectsAt(spec, 'dataVolumeTemplates').entries()) {
    const field = `spec.dataVolumeTemplate[${index}]`
    const name = textAt(template, 'metadata', 'name')
    if (name === '') {
      const at = `${field}.name`
      causes.required(at, `'name' field must not be empty for DataVolumeTemplate entry ${at}.`)
      continue
    }
    const problem = volumeProblem(objectAt(template, 'spec') ?? {})
    if (problem) causes.invalid(`${field}.${problem.field}`, problem.words)
    else if (!usesVolume(machine, name)) {
      const words = `DataVolumeTemplate entry ${field} must be referenced in the VMI template's 'volumes' list`
      causes.required(field, words)
    }
  }
}

function volumeProblem(volume: JsonObject): { field: string; words: string } | undefined {
  const claim = objectAt(volume, 'pvc') ?? objectAt(volume, 'storage')
  if (!claim) return { field: 'PVC.Storage', words: 'Missing Data volume PVC or Storage' }
  if (objectAt(volume, 'pvc') && objectAt(volume, 'storage')) {
    const words = 'Duplicate storage definition, both target storage and target pvc defined'
    return { field: 'PVC.Storage', words }
  }
  return sourceProblem(volume, fieldsSet(claim, ['dataSource', 'dataSourceRef']).length > 0)
}

function sourceProblem(volume: JsonObject, populated: boolean): { field: string; words: string } | undefined {
  const given = fieldsSet(volume, ['source', 'sourceRef']).length > 0
  if (populated && given) {
    return { field: 'source', words: 'External population is incompatible with Source and SourceRef' }
  }
  if (!populated && !given) {
    const words = 'Data volume should have either Source, SourceRef, or be externally populated'
    return { field: 'source.sourceRef', words }
  }
  const source = objectAt(volume, 'source')
  const kinds = source ? fieldsSet(source, Object.keys(source)).length : 1
  if (kinds === 0) return { field: 'source', words: 'Missing dataVolume valid source' }
  return kinds > 1 ? { field: 'source', words: 'Multiple dataVolume sources' } : undefined
}

function usesVolume(machine: JsonObject, name: string): boolean {
  return objectsAt(machine, 'volumes').some(
    (volume) =>
      valueAt(volume, 'dataVolume', 'name') === name || valueAt(volume, 'persistentVolumeClaim', 'claimName') === name,
  )
}

/** A template's volume is made beside its machine. */
export function checkTemplateNamespaces(spec: JsonObject, namespace: string, causes: Causes): void {
  for (const [index, template] of objectsAt(spec, 'dataVolumeTemplates').entries()) {
    const wanted = textAt(template, 'metadata', 'namespace')
    if (wanted === '' || wanted === namespace) continue
    causes.invalid(
      `spec.dataVolumeTemplates[${index}]`,
      `Embedded DataVolume namespace ${wanted} differs from VM namespace ${namespace}`,
    )
  }
}
