import type { KubeStatus, StatusCause } from '../kube-object'
import type { CreateField } from './create-virtual-machine-form'

/** Paths of the objects that the create form builds → the field that they come from; the first match counts. */
const fields: readonly [RegExp, CreateField][] = [
  [/^metadata\.name$/, 'name'],
  [/^metadata\.namespace$/, 'namespace'],
  [/^metadata\.labels/, 'name'],
  [/\.domain\.cpu\b|\.requests\.cpu$|\.limits\.cpu$/, 'cpus'],
  [/\.domain\.memory\b|\.requests\.memory$|\.limits\.memory$/, 'memory'],
  [/source\.http\.checksum/, 'source.checksum'],
  [/source\.http/, 'source.url'],
  [/source\.pvc/, 'source.name'],
  [/(storage|pvc)\.resources/, 'diskSize'],
  [/dataVolumeTemplates?(\[0\])?\.(metadata\.)?name$/, 'name'],
  [/^spec\.runStrategy$|^spec\.running$/, 'start'],
  [/cloudInit|userdata|userData/, 'user'],
]

/** The form's field that a cause of a refusal is about; undefined when it is about none of them. */
export function createFieldOf(path: string): CreateField | undefined {
  const normal = path.replace(/\[(\D[^\]]*)\]/g, '.$1')
  return fields.find(([pattern]) => pattern.test(normal))?.[1]
}

export interface PlacedErrors {
  /** What to show beside each field, in the server's words. */
  fields: { field: CreateField; message: string }[]
  /** What belongs to no field: shown above the form. */
  general: string[]
}

/** Puts what the server said about a refused create where a person can mend it. Every word it said is placed once. */
export function placeCreateErrors(status: KubeStatus): PlacedErrors {
  const causes = (status.details?.causes ?? []).filter((cause) => cause.message)
  return causes.length > 0 ? placeCauses(causes) : placeMessage(status)
}

function placeCauses(causes: readonly StatusCause[]): PlacedErrors {
  const placed: PlacedErrors = { fields: [], general: [] }
  const seen = new Set<string>()
  for (const { field: path = '', message = '' } of causes) {
    // KubeVirt's validator reports some causes twice.
    if (seen.has(`${path} ${message}`)) continue
    seen.add(`${path} ${message}`)
    const field = createFieldOf(path)
    if (field) placed.fields.push({ field, message })
    else placed.general.push(path === '' ? message : `${path}: ${message}`)
  }
  return placed
}

function placeMessage(status: KubeStatus): PlacedErrors {
  const message = status.message ?? status.reason ?? ''
  if (status.reason === 'AlreadyExists') return { fields: [{ field: 'name', message }], general: [] }
  if (status.reason === 'NotFound' && status.details?.kind === 'namespaces') {
    return { fields: [{ field: 'namespace', message }], general: [] }
  }
  return { fields: [], general: [message] }
}
