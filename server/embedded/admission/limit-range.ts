import { type CanonicalQuantity, formatCanonical, noQuantity } from '@/contract/canonical-quantity'
import { type JsonObject, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { forbidden } from '../errors/status-error'
import { podResources, readResourceList, type Usage } from '../quota/usage'
import { groupResource, resourceName } from '../registry/served-resource'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

/** Gives containers the defaults of their namespace's LimitRanges, and refuses pods and claims outside of the ranges. */
export const limitRangeAdmission: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: ['pods', 'persistentvolumeclaims'],
  mutate(request) {
    const { object, resource } = request
    if (!object || !isRanged(request) || resourceName(resource) !== 'pods') return
    for (const range of rangesOf(request)) setDefaults(range, object)
  },
  validate(request) {
    const { object, resource } = request
    if (!object || !isRanged(request)) return
    const isPod = resourceName(resource) === 'pods'
    for (const range of rangesOf(request)) {
      const problems = itemsOf(range).flatMap((item) =>
        isPod ? podProblems(item, object) : claimProblems(item, object),
      )
      if (problems.length === 0) continue
      const why = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`
      throw forbidden(groupResource(resource), object.metadata.name, why)
    }
  },
}

/** Pods are fixed once they are made; claims may grow. */
function isRanged({ operation, subresource, resource, object }: AdmissionRequest): boolean {
  if (subresource !== '' || object?.metadata.deletionTimestamp !== undefined) return false
  return operation === 'CREATE' || (operation === 'UPDATE' && resourceName(resource) === 'persistentvolumeclaims')
}

function rangesOf({ list, object }: AdmissionRequest): ApiObject[] {
  return list('limitranges', object?.metadata.namespace ?? '')
}

function itemsOf(range: ApiObject): JsonObject[] {
  return objectsOf(part(range, 'spec')['limits'])
}

function setDefaults(range: ApiObject, pod: ApiObject): void {
  const defaults = { limits: new Map<string, string>(), requests: new Map<string, string>() }
  for (const item of itemsOf(range)) {
    if (item['type'] !== 'Container') continue
    for (const [name, text] of Object.entries(part(item, 'default'))) defaults.limits.set(name, String(text))
    for (const [name, text] of Object.entries(part(item, 'defaultRequest'))) defaults.requests.set(name, String(text))
  }
  if (defaults.limits.size + defaults.requests.size === 0) return
  const notes: string[] = []
  for (const [list, word] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    for (const container of objectsOf(part(pod, 'spec')[list])) {
      notes.push(...fill(container, { defaults, word }))
    }
  }
  if (notes.length === 0) return
  const note = `LimitRanger plugin set: ${notes.join('; ')}`
  pod.metadata.annotations = { ...pod.metadata.annotations, 'kubernetes.io/limit-ranger': note }
}

/** Fills in what a container does not say; the notes tell what that was. */
function fill(
  container: JsonObject,
  { defaults, word }: { defaults: Record<'limits' | 'requests', Map<string, string>>; word: string },
): string[] {
  const resources = { ...part(container, 'resources') }
  const notes: string[] = []
  for (const field of ['requests', 'limits'] as const) {
    const given = part(resources, field)
    const missing = [...defaults[field]].filter(([name]) => given[name] === undefined)
    if (missing.length === 0) continue
    resources[field] = { ...given, ...Object.fromEntries(missing) }
    const names = missing.map(([name]) => name).sort()
    notes.push(`${names.join(', ')} ${field.slice(0, -1)} for ${word} ${String(container['name'])}`)
  }
  if (notes.length > 0) container['resources'] = resources
  return notes
}

interface Asked {
  type: string
  requests: Usage
  /** Absent for claims, which have none. */
  limits: Usage | undefined
}

function podProblems(item: JsonObject, pod: JsonObject): string[] {
  const spec = part(pod, 'spec')
  if (item['type'] === 'Pod') {
    return problems(item, { type: 'Pod', requests: podResources(pod, 'requests'), limits: podResources(pod, 'limits') })
  }
  if (item['type'] !== 'Container') return []
  return [...objectsOf(spec['containers']), ...objectsOf(spec['initContainers'])].flatMap((container) => {
    const resources = part(container, 'resources')
    return problems(item, {
      type: 'Container',
      requests: readResourceList(resources['requests']),
      limits: readResourceList(resources['limits']),
    })
  })
}

function claimProblems(item: JsonObject, claim: JsonObject): string[] {
  if (item['type'] !== 'PersistentVolumeClaim') return []
  const requests = readResourceList(part(part(part(claim, 'spec'), 'resources'), 'requests'))
  return problems(item, { type: 'PersistentVolumeClaim', requests, limits: undefined })
}

type Constraint = (name: string, enforced: CanonicalQuantity, asked: Asked) => string | undefined

function problems(item: JsonObject, asked: Asked): string[] {
  const apply = (field: string, constraint: Constraint): string[] =>
    [...readResourceList(item[field])].flatMap(([name, enforced]) => constraint(name, enforced, asked) ?? [])
  return [
    ...apply('min', minimum),
    ...apply('max', asked.limits ? maximum : maximumRequest),
    ...apply('maxLimitRequestRatio', ratio),
  ]
}

function minimum(name: string, enforced: CanonicalQuantity, { type, requests, limits }: Asked): string | undefined {
  const start = `minimum ${name} usage per ${type} is ${formatCanonical(enforced)}`
  const request = requests.get(name)
  const limit = limits?.get(name)
  if (!request) return `${start}.  No request is specified`
  if (request.nano < enforced.nano) return `${start}, but request is ${formatCanonical(request)}`
  return limit && limit.nano < enforced.nano ? `${start}, but limit is ${formatCanonical(limit)}` : undefined
}

function maximum(name: string, enforced: CanonicalQuantity, { type, requests, limits }: Asked): string | undefined {
  const start = `maximum ${name} usage per ${type} is ${formatCanonical(enforced)}`
  const request = requests.get(name)
  const limit = limits?.get(name)
  if (!limit) return `${start}.  No limit is specified`
  if (limit.nano > enforced.nano) return `${start}, but limit is ${formatCanonical(limit)}`
  return request && request.nano > enforced.nano ? `${start}, but request is ${formatCanonical(request)}` : undefined
}

function maximumRequest(name: string, enforced: CanonicalQuantity, { type, requests }: Asked): string | undefined {
  const start = `maximum ${name} usage per ${type} is ${formatCanonical(enforced)}`
  const request = requests.get(name)
  if (!request) return `${start}.  No request is specified`
  return request.nano > enforced.nano ? `${start}, but request is ${formatCanonical(request)}` : undefined
}

function ratio(name: string, enforced: CanonicalQuantity, { type, requests, limits }: Asked): string | undefined {
  const start = `${name} max limit to request ratio per ${type} is ${formatCanonical(enforced)}`
  const request = requests.get(name) ?? noQuantity
  const limit = limits?.get(name)
  if (request.nano === 0n) return `${start}, but no request is specified or request is 0`
  if (!limit || limit.nano === 0n) return `${start}, but no limit is specified or limit is 0`
  const observed = Number(limit.nano) / Number(request.nano)
  if (observed <= Number(enforced.nano) / 1e9) return undefined
  return `${start}, but provided ratio is ${observed.toFixed(6)}`
}
