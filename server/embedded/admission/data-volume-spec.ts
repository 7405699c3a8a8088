import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import { checkRegistry, checkSourceKinds, fail, sourceFault } from './data-volume-source'
import { objectAt, textAt, textsAt, valueAt } from './machine-fields'
import { quantityText, unitsOf } from './machine-quantities'

const accessModes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']

/** A DataVolume's spec; `field` is where it stands. CDI tells the first fault alone. */
export function dataVolumeCauses(field: string, spec: JsonObject): StatusCause[] {
  const first =
    storageFault(field, spec) ?? sizeFault(field, spec) ?? storageClassFault(spec) ?? accessModeFault(field, spec)
  if (first) return [first]
  const { dataSource, dataSourceRef } = claimOf(spec)
  if (dataSource || dataSourceRef) return populationCauses(field, spec)
  const [source, reference] = [objectAt(spec, 'source'), objectAt(spec, 'sourceRef')]
  if ((source === undefined) === (reference === undefined)) {
    const words = 'Data volume should have either Source or SourceRef, or be externally populated'
    return [fail(`${field}.source`, words)]
  }
  if (reference) return referenceCauses(field, reference)
  return sourceCauses(field, spec, source ?? {})
}

function claimOf(spec: JsonObject): { dataSource?: JsonObject | undefined; dataSourceRef?: JsonObject | undefined } {
  const claim = objectAt(spec, 'pvc') ?? objectAt(spec, 'storage')
  return { dataSource: objectAt(claim, 'dataSource'), dataSourceRef: objectAt(claim, 'dataSourceRef') }
}

function storageFault(field: string, spec: JsonObject): StatusCause | undefined {
  const [pvc, storage] = [objectAt(spec, 'pvc'), objectAt(spec, 'storage')]
  if (!pvc && !storage) return fail(`${field}.PVC`, 'Missing Data volume PVC')
  if (!pvc || !storage) return undefined
  return fail(`${field}.PVC.Storage`, 'Duplicate storage definition, both target storage and target pvc defined')
}

const mebibyte = 1024n * 1024n

function sizeFault(field: string, spec: JsonObject): StatusCause | undefined {
  const name = objectAt(spec, 'pvc') ? 'PVC' : 'Storage'
  const at = `${field}.${name}.resources.requests.size`
  const claim = objectAt(spec, 'pvc') ?? objectAt(spec, 'storage')
  const size = quantityText(valueAt(claim, 'resources', 'requests', 'storage'))
  if (size === undefined) {
    // Clones take their size from what they are made of.
    const clone = ['pvc', 'snapshot'].some((kind) => objectAt(spec, 'source', kind)) || objectAt(spec, 'sourceRef')
    return name === 'Storage' && clone ? undefined : fail(at, `${name} size is missing`)
  }
  if (unitsOf(size) <= 0n) return fail(at, `${name} size can't be equal or less than zero`)
  return unitsOf(size) < mebibyte ? fail(at, `${name} size should be at least 1MiB`) : undefined
}

const nameLimit = 253

export function nameFault(name: string, limit = nameLimit): StatusCause | undefined {
  return name.length > limit ? fail('', `Name cannot be longer than ${limit} characters`) : undefined
}

function storageClassFault(spec: JsonObject): StatusCause | undefined {
  return nameFault(textAt(objectAt(spec, 'pvc') ?? objectAt(spec, 'storage'), 'storageClassName'))
}

function accessModeFault(field: string, spec: JsonObject): StatusCause | undefined {
  const at = `${field}.PVC.accessModes`
  const pvc = objectAt(spec, 'pvc')
  const modes = textsAt(pvc ?? objectAt(spec, 'storage'), 'accessModes')
  if (pvc && modes.length === 0) return fail(at, 'Required value: at least 1 access mode is required')
  if (pvc && modes.length > 1) return fail(at, 'PVC multiple accessModes')
  if (modes.every((mode) => accessModes.includes(mode))) return undefined
  // The first mode is named, whichever is wrong.
  const supported = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
  return fail(at, `Unsupported value: "${modes[0] ?? ''}": supported values: ${supported}`)
}

/** A claim that is filled by somebody else names who. */
function populationCauses(field: string, spec: JsonObject): StatusCause[] {
  const { dataSource, dataSourceRef } = claimOf(spec)
  const causes: StatusCause[] = []
  if (objectAt(spec, 'source') ?? objectAt(spec, 'sourceRef')) {
    causes.push(fail(`${field}.source`, 'External population is incompatible with Source and SourceRef'))
  }
  if (dataSource && dataSourceRef && !jsonEqual(dataSource, dataSourceRef)) {
    causes.push(fail('', 'DataSourceRef and DataSource must match'))
  }
  if (dataSource) causes.push(...populatorCauses(`${field}.dataSource`, 'DataSource', dataSource))
  if (dataSourceRef) {
    if (textAt(dataSourceRef, 'namespace') !== '') {
      causes.push(fail(`${field}.dataSourceRef.namespace.`, 'Invalid value: DataSourceRef namespace not supported'))
    }
    causes.push(...populatorCauses(`${field}.dataSourceRef`, 'DataSourceRef', dataSourceRef))
  }
  return causes
}

function populatorCauses(at: string, label: string, populator: JsonObject): StatusCause[] {
  const causes: StatusCause[] = []
  // Some paths end with a dot, as CDI's do.
  if (textAt(populator, 'name') === '') causes.push(fail(`${at}.name.`, `Required value: ${label} name`))
  const kind = textAt(populator, 'kind')
  if (kind === '') causes.push(fail(`${at}.kind`, `Required value: ${label} kind`))
  if (textAt(populator, 'apiGroup') === '' && kind !== 'PersistentVolumeClaim') {
    const words = `Required value: ${label} apiGroup when kind is not 'PersistentVolumeClaim'`
    causes.push(fail(`${at}.apiGroup.`, words))
  }
  return causes
}

function referenceCauses(field: string, reference: JsonObject): StatusCause[] {
  const kind = textAt(reference, 'kind')
  if (kind === '') return [fail(`${field}.sourceRef.Kind`, 'Missing sourceRef kind')]
  if (kind !== 'DataSource') {
    const words = `Unsupported sourceRef kind ${kind}, currently only DataSource is supported`
    return [fail(`${field}.sourceRef.Kind`, words)]
  }
  return textAt(reference, 'name') === '' ? [fail(`${field}.sourceRef.Name`, 'Missing sourceRef name')] : []
}

function sourceCauses(field: string, spec: JsonObject, source: JsonObject): StatusCause[] {
  const contentType = textAt(spec, 'contentType')
  const fault =
    checkSourceKinds(field, source, 'Data volume') ??
    contentTypeFault(field, contentType) ??
    sourceFault(field, source) ??
    contentFault(field, { source, contentType })
  if (fault) return Array.isArray(fault) ? fault : [fault]
  for (const [kind, name, words] of [
    ['pvc', 'PVC', 'PVC'],
    ['snapshot', 'Snapshot', 'snapshot'],
  ] as const) {
    const from = objectAt(source, kind)
    if (!from || (textAt(from, 'namespace') !== '' && textAt(from, 'name') !== '')) continue
    const at = `${field}.source.${name}`
    return [fail(at, `${at} source ${words} is not valid`)]
  }
  return []
}

export function contentTypeFault(field: string, contentType: string): StatusCause | undefined {
  return ['', 'kubevirt', 'archive'].includes(contentType)
    ? undefined
    : fail(`${field}.contentType`, 'ContentType not one of: kubevirt, archive')
}

/** What goes with a blank disk and with a registry's image. */
export function contentFault(
  field: string,
  { source, contentType }: { source: JsonObject; contentType: string },
): StatusCause | undefined {
  const at = `${field}.contentType`
  if (objectAt(source, 'blank') && contentType === 'archive') {
    return fail(at, 'SourceType cannot be blank and the contentType be archive')
  }
  const registry = objectAt(source, 'registry')
  if (!registry) return undefined
  if (contentType !== '' && contentType !== 'kubevirt') {
    return fail(at, 'ContentType must be kubevirt when Source is Registry')
  }
  return checkRegistry(field, registry)
}
