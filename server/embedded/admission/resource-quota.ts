import { type CanonicalQuantity, noQuantity, subtractCanonical } from '@/contract/canonical-quantity'
import { isJsonObject, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { forbidden } from '../errors/status-error'
import type { NamespaceUsage } from '../quota/namespace-usage'
import { isInScope, scopesOf } from '../quota/scopes'
import { printUsage, readResourceList, type Usage, usageOf } from '../quota/usage'
import { groupResource, resourceName } from '../registry/served-resource'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

/** Kinds of which a change may take more. */
const growing = new Set(['persistentvolumeclaims', 'services', 'pods'])

/**
 * Refuses what would go beyond a ResourceQuota of its namespace. Counts inside the write's turn, so that no two writes
 * share the last free place.
 */
export function resourceQuotaAdmission(usage: NamespaceUsage): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    resources: ['*'],
    validate(request) {
      const { operation, object, subresource, resource } = request
      if (!object || subresource !== '' || !resource.namespaced) return
      if (operation !== 'CREATE' && !growing.has(resourceName(resource))) return
      const namespace = object.metadata.namespace ?? ''
      for (const quota of quotasOf(request, namespace)) check(request, { quota, usage, namespace })
    },
  }
}

function quotasOf({ list }: AdmissionRequest, namespace: string): ApiObject[] {
  return list('resourcequotas', namespace).sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
}

interface Check {
  quota: ApiObject
  usage: NamespaceUsage
  namespace: string
}

function check(request: AdmissionRequest, { quota, usage, namespace }: Check): void {
  const { object, old, operation } = request
  if (!object) return
  const resource = resourceName(request.resource)
  const spec = isJsonObject(quota['spec']) ? quota['spec'] : {}
  const hard = readResourceList(spec['hard'])
  const scopes = scopesOf(spec)
  if (!isInScope(scopes, resource, object)) return
  const wanted = usageOf(resource, object)
  const names = [...wanted.keys()].filter((name) => hard.has(name))
  if (operation === 'CREATE') checkConstraints(request, quota.metadata.name, hard)
  const before: Usage = old && isInScope(scopes, resource, old) ? usageOf(resource, old) : new Map()
  const delta = new Map(names.map((name) => [name, growth(wanted.get(name), before.get(name))] as const))
  if (![...delta.values()].some(({ nano }) => nano > 0n)) return
  const used = usage.of(namespace, names, scopes)
  const exceeded = names.filter((name) => isExceeded({ hard, used, delta, name }))
  if (exceeded.length === 0) return
  const requested = printUsage(delta, exceeded)
  const message = `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${printUsage(used, exceeded)}, limited: ${printUsage(hard, exceeded)}`
  throw forbidden(groupResource(request.resource), object.metadata.name, message)
}

function growth(wanted: CanonicalQuantity | undefined, before: CanonicalQuantity | undefined): CanonicalQuantity {
  const difference = subtractCanonical(wanted ?? noQuantity, before ?? noQuantity)
  return difference.nano < 0n ? noQuantity : difference
}

function isExceeded({ hard, used, delta, name }: { hard: Usage; used: Usage; delta: Usage; name: string }): boolean {
  const more = delta.get(name)?.nano ?? 0n
  return more > 0n && (used.get(name)?.nano ?? 0n) + more > (hard.get(name)?.nano ?? 0n)
}

const constrained = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

/** Where a quota limits processor or memory, each container says how much it takes. */
function checkConstraints({ resource, object }: AdmissionRequest, quota: string, hard: Usage): void {
  if (resourceName(resource) !== 'pods' || !object) return
  const required = constrained.filter((name) => hard.has(name)).sort()
  const containers = objectsOf(part(object, 'spec')['containers'])
  const missing = required.flatMap((name) => {
    const without = containers.filter((container) => !says(part(container, 'resources'), name))
    return without.length === 0
      ? []
      : [`${name} for: ${without.map((container) => String(container['name'])).join(',')}`]
  })
  if (missing.length === 0) return
  const why = `failed quota: ${quota}: must specify ${missing.join('; ')}`
  throw forbidden(groupResource(resource), object.metadata.name, why)
}

function says(resources: Record<string, unknown>, name: string): boolean {
  const [field, plain] = name.startsWith('limits.')
    ? ['limits', name.slice('limits.'.length)]
    : ['requests', name.replace(/^requests\./, '')]
  return readResourceList(resources[field]).has(plain)
}
