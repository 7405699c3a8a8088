import { isJsonObject, type JsonObject } from '@/contract/json'
import {
  type FieldRequirement,
  type LabelRequirement,
  type Labels,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from '@/contract/selectors'
import { badRequest } from '../errors/status-error'
import type { Target } from '../registry/served-resource'

/** Which objects of a resource a list or watch is about. */
export interface Selection {
  /** '' for all. */
  namespace: string
  /** '' for all. */
  name: string
  labels: readonly LabelRequirement[]
  /** Requirements on fields of the body. */
  fields: readonly FieldRequirement[]
}

interface Where {
  namespace: string
  /** From a single-object path. */
  name: string
  target: Target
}

/** Reads the selectors of a query. Throws 400 for what is no selector or selects by a field that cannot be. */
export function readSelection(query: URLSearchParams, { namespace, name, target }: Where): Selection {
  const labels = parsed(() => parseLabelSelector(query.get('labelSelector') ?? ''))
  const requirements = parsed(() => parseFieldSelector(query.get('fieldSelector') ?? ''))
  const known = ['metadata.name', 'metadata.namespace', ...target.version.selectableFields]
  for (const { path } of requirements) {
    if (known.includes(path)) continue
    throw badRequest(
      target.resource.origin === 'custom'
        ? `field label not supported: ${path}`
        : `"${path}" is not a known field selector: only ${known.map((field) => `"${field}"`).join(', ')}`,
    )
  }
  const named = requirements.find(({ path, equal }) => path === 'metadata.name' && equal)?.value
  const within = requirements.find(({ path, equal }) => path === 'metadata.namespace' && equal)?.value
  return {
    namespace: namespace || (within ?? ''),
    name: name || (named ?? ''),
    labels,
    fields: requirements,
  }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message)
    throw error
  }
}

/** Whether every object of the namespace and name is selected: nothing of the object itself needs to be looked at. */
export function selectsByKeyOnly({ labels, fields }: Selection): boolean {
  return labels.length === 0 && fields.length === 0
}

export interface Candidate {
  namespace: string
  name: string
  labels: Labels | undefined
  /** Read only when a field of it counts. */
  object: () => JsonObject
}

export function isSelected(selection: Selection, candidate: Candidate): boolean {
  return hasSelectedKey(selection, candidate) && passesSelectors(selection, candidate)
}

export function hasSelectedKey(selection: Selection, key: { namespace: string; name: string }): boolean {
  return (
    (selection.namespace === '' || selection.namespace === key.namespace) &&
    (selection.name === '' || selection.name === key.name)
  )
}

export function passesSelectors(selection: Selection, candidate: Candidate): boolean {
  return (
    matchesLabels(selection.labels, candidate.labels) &&
    matchesFields(selection.fields, (path) => {
      if (path === 'metadata.name') return candidate.name
      if (path === 'metadata.namespace') return candidate.namespace
      return readField(candidate.object(), path)
    })
  )
}

function readField(object: JsonObject, path: string): string {
  // An event's `source` is its component; a node is schedulable unless it says otherwise.
  const steps = path === 'source' ? ['source', 'component'] : path.split('.')
  let value: unknown = object
  for (const step of steps) value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  if (value === undefined || value === null)
    return path === 'spec.unschedulable' || path === 'spec.hostNetwork' ? 'false' : ''
  return String(value)
}
