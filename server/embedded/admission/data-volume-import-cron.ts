import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { AdmissionPlugin } from './admission'
import { deniedByCdi } from './causes'
import { fail } from './data-volume-source'
import { dataVolumeCauses, nameFault } from './data-volume-spec'
import { numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const webhook = 'dataimportcron-validate.cdi.kubevirt.io'
const labelLimit = 63

/** CDI's rules for DataImportCrons. */
export const dataImportCronAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['dataimportcrons.cdi.kubevirt.io'],
  validate({ operation, object, old }) {
    if (operation === 'DELETE' || !object) return
    const spec = objectAt(object, 'spec') ?? {}
    const name = nameFault(object.metadata.name, labelLimit)
    const causes = name ? [name] : operation === 'UPDATE' ? updateCauses(spec, old) : specCauses(spec)
    if (causes.length > 0) throw deniedByCdi(webhook, causes)
  },
}

function updateCauses(spec: JsonObject, old: unknown): StatusCause[] {
  if (jsonEqual(spec, objectAt(old, 'spec'))) return []
  return [{ reason: 'FieldValueDuplicate', message: 'Cannot update DataImportCron Spec', field: 'DataImportCron.Spec' }]
}

function specCauses(spec: JsonObject): StatusCause[] {
  const volume = objectAt(spec, 'template', 'spec') ?? {}
  if (!objectAt(volume, 'source', 'registry') && !objectAt(volume, 'source', 'pvc')) {
    return [fail('spec.Template', 'Missing source')]
  }
  const unsettable =
    objectAt(volume, 'sourceRef') !== undefined ||
    textAt(volume, 'contentType') !== '' ||
    objectsAt(volume, 'checkpoints').length > 0 ||
    volume['finalCheckpoint'] === true
  if (unsettable) {
    return [fail('spec.Template', 'Unsettable fields: SourceRef, ContentType, Checkpoints, FinalCheckpoint')]
  }
  const causes = dataVolumeCauses('Template', volume)
  if (causes.length > 0) return causes
  const fault = fieldFault(spec)
  return fault ? [fault] : []
}

function fieldFault(spec: JsonObject): StatusCause | undefined {
  const schedule = textAt(spec, 'schedule')
  const collect = valueAt(spec, 'garbageCollect')
  const managed = textAt(spec, 'managedDataSource')
  if (schedule !== '' && !isSchedule(schedule)) return fail('spec.Schedule', 'Illegal cron schedule')
  if ((numberAt(spec, 'importsToKeep') ?? 0) < 0) return fail('spec.ImportsToKeep', 'Illegal ImportsToKeep value')
  if (collect !== undefined && collect !== 'Never' && collect !== 'Outdated') {
    return fail('spec.GarbageCollect', 'Illegal GarbageCollect value')
  }
  if (managed === '') return fail('spec.ManagedDataSource', 'Illegal ManagedDataSource value')
  return nameFault(managed, labelLimit)
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const days = 'sun mon tue wed thu fri sat'.split(' ')

interface CronField {
  least: number
  most: number
  names: readonly string[]
  /** Of the first name. */
  first: number
}

const cronFields: readonly CronField[] = [
  { least: 0, most: 59, names: [], first: 0 },
  { least: 0, most: 23, names: [], first: 0 },
  { least: 1, most: 31, names: [], first: 0 },
  { least: 1, most: 12, names: months, first: 1 },
  { least: 0, most: 6, names: days, first: 0 },
]

/** Five fields as cron has them, or a word such as `@daily` or `@every 1h`. */
export function isSchedule(schedule: string): boolean {
  const text = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '').trim()
  if (text.startsWith('@')) {
    return /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \d+(\.\d+)?(ns|us|ms|s|m|h)\S*)$/.test(text)
  }
  const parts = text.split(/\s+/)
  return (
    parts.length === cronFields.length &&
    cronFields.every((field, index) => (parts[index] ?? '').split(',').every((part) => isCronPart(part, field)))
  )
}

function isCronPart(part: string, field: CronField): boolean {
  const [range = '', step, ...more] = part.split('/')
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false
  if (range === '*' || range === '?') return true
  const [from, to = from, ...others] = range.split('-').map((text) => cronNumber(text, field))
  if (others.length > 0 || from === undefined || to === undefined) return false
  return from >= field.least && to <= field.most && from <= to
}

function cronNumber(text: string, { names, first }: CronField): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  const index = names.indexOf(text.toLowerCase())
  return index < 0 ? undefined : index + first
}
