import {
  addCanonical,
  type CanonicalQuantity,
  formatCanonical,
  noQuantity,
  oneItem,
  readCanonicalQuantity,
} from '@/contract/canonical-quantity'
import { isJsonObject, type JsonObject, objectsOf, part } from '@/contract/json'

/** What objects take of a quota, by the quota's names of resources. */
export type Usage = Map<string, CanonicalQuantity>

/** Kinds of the core group whose plain plural is a quota's name, too. */
const plainCounts = new Set(['resourcequotas', 'replicationcontrollers', 'secrets', 'configmaps', 'services'])

/** What one object takes; `resource` is the store's name of its kind. Pure. */
export function usageOf(resource: string, object: JsonObject): Usage {
  const usage: Usage = new Map([[`count/${resource}`, oneItem]])
  if (plainCounts.has(resource)) usage.set(resource, oneItem)
  if (resource === 'pods') addPod(usage, object)
  else if (resource === 'persistentvolumeclaims') addClaim(usage, object)
  else if (resource === 'services') addService(usage, object)
  return usage
}

/** Kinds whose objects take more than their number. */
export const measuredResources: ReadonlySet<string> = new Set(['pods', 'persistentvolumeclaims', 'services'])

const storageClassSuffix = '.storageclass.storage.k8s.io/'
const computeNames = ['cpu', 'memory', 'ephemeral-storage']

/** The kind that a quota's resource counts, as the store names it; undefined for a name nothing counts. */
export function countedResource(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length)
  if (plainCounts.has(name) || name === 'pods' || name === 'persistentvolumeclaims') return name
  if (name.startsWith('services.')) return 'services'
  if (name === 'requests.storage' || name.includes(storageClassSuffix)) return 'persistentvolumeclaims'
  const isCompute = /^(requests|limits)\./.test(name) || computeNames.includes(name) || name.startsWith('hugepages-')
  return isCompute ? 'pods' : undefined
}

export function addUsage(total: Usage, more: Usage): void {
  for (const [name, quantity] of more) total.set(name, addCanonical(total.get(name) ?? noQuantity, quantity))
}

/** `pods=1,requests.memory=1Gi`, names in order. */
export function printUsage(usage: Usage, names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `${name}=${formatCanonical(usage.get(name) ?? noQuantity)}`)
    .join(',')
}

export function readResourceList(value: unknown): Usage {
  const list: Usage = new Map()
  if (!isJsonObject(value)) return list
  for (const [name, text] of Object.entries(value)) {
    const quantity = readCanonicalQuantity(text)
    if (quantity) list.set(name, quantity)
  }
  return list
}

/** Pods that have ended hold nothing but their place among the objects. */
function addPod(usage: Usage, pod: JsonObject): void {
  const phase = part(pod, 'status')['phase']
  if (phase === 'Succeeded' || phase === 'Failed') return
  usage.set('pods', oneItem)
  for (const [name, quantity] of podResources(pod, 'requests')) {
    usage.set(`requests.${name}`, quantity)
    if (computeNames.includes(name) || name.startsWith('hugepages-')) usage.set(name, quantity)
  }
  for (const [name, quantity] of podResources(pod, 'limits')) usage.set(`limits.${name}`, quantity)
}

/** What all containers of a pod ask for together, or its largest init container where that is more. */
export function podResources(pod: JsonObject, field: 'requests' | 'limits'): Usage {
  const spec = part(pod, 'spec')
  const total: Usage = new Map()
  for (const container of objectsOf(spec['containers'])) {
    addUsage(total, readResourceList(part(container, 'resources')[field]))
  }
  for (const container of objectsOf(spec['initContainers'])) {
    for (const [name, quantity] of readResourceList(part(container, 'resources')[field])) {
      if (quantity.nano > (total.get(name)?.nano ?? 0n)) total.set(name, quantity)
    }
  }
  return total
}

function addClaim(usage: Usage, claim: JsonObject): void {
  usage.set('persistentvolumeclaims', oneItem)
  const spec = part(claim, 'spec')
  const storage = readCanonicalQuantity(part(part(spec, 'resources'), 'requests')['storage'])
  if (storage) usage.set('requests.storage', storage)
  const storageClass = spec['storageClassName']
  if (typeof storageClass !== 'string' || storageClass === '') return
  usage.set(`${storageClass}${storageClassSuffix}persistentvolumeclaims`, oneItem)
  if (storage) usage.set(`${storageClass}${storageClassSuffix}requests.storage`, storage)
}

function addService(usage: Usage, service: JsonObject): void {
  const spec = part(service, 'spec')
  const balanced = spec['type'] === 'LoadBalancer'
  if (balanced) usage.set('services.loadbalancers', oneItem)
  const onNodes = spec['type'] === 'NodePort' || (balanced && spec['allocateLoadBalancerNodePorts'] !== false)
  if (!onNodes) return
  const ports = BigInt(objectsOf(spec['ports']).length)
  usage.set('services.nodeports', { ...oneItem, nano: oneItem.nano * ports })
}
