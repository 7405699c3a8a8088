import { isJsonObject, type JsonObject, objectsOf, part } from '@/contract/json'
import type { BuiltInColumn } from './built-in-column'

/** What every table begins and ends with. */
export interface CommonColumns {
  name: BuiltInColumn
  age: BuiltInColumn
}

const wide = { priority: 1 } as const

function labelsText(labels: unknown): string {
  if (!isJsonObject(labels) || Object.keys(labels).length === 0) return '<none>'
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')
}

/** `cpu: 1/2, pods: 3/4`: the limits, or what is no limit. */
function quotaText(quota: JsonObject, limits: boolean): string {
  const status = part(quota, 'status')
  const used = part(status, 'used')
  return Object.entries(part(status, 'hard'))
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, hard]) => `${name}: ${String(used[name] ?? 0)}/${String(hard)}`)
    .join(', ')
}

function portsText(service: JsonObject): string {
  const ports = objectsOf(part(service, 'spec')['ports']).map(({ port, nodePort, protocol }) =>
    typeof nodePort === 'number' && nodePort > 0
      ? `${String(port)}:${nodePort}/${String(protocol)}`
      : `${String(port)}/${String(protocol)}`,
  )
  return ports.length > 0 ? ports.join(',') : '<none>'
}

function outsideText(service: JsonObject): string {
  const spec = part(service, 'spec')
  if (spec['type'] === 'ExternalName') return String(spec['externalName'] ?? '<none>')
  const ingress = objectsOf(part(part(service, 'status'), 'loadBalancer')['ingress'])
  const addresses = [
    ...ingress.map(({ ip, hostname }) => String(ip ?? hostname ?? '')),
    ...(Array.isArray(spec['externalIPs']) ? spec['externalIPs'].map(String) : []),
  ]
  if (addresses.length > 0) return addresses.join(',')
  return spec['type'] === 'LoadBalancer' ? '<pending>' : '<none>'
}

function endpointsText(endpoints: JsonObject): string {
  const places = objectsOf(endpoints['subsets']).flatMap((subset) => {
    const ports = objectsOf(subset['ports'])
    return objectsOf(subset['addresses']).flatMap(({ ip }) =>
      ports.length === 0 ? [String(ip)] : ports.map(({ port }) => `${String(ip)}:${String(port)}`),
    )
  })
  return places.length > 0 ? shortened(places) : '<none>'
}

/** Three and how many more. */
function shortened(texts: readonly string[]): string {
  return texts.length <= 3 ? texts.join(',') : `${texts.slice(0, 3).join(',')} + ${texts.length - 3} more...`
}

function sliceText(slice: JsonObject): string {
  const addresses = objectsOf(slice['endpoints']).flatMap(({ addresses: list }) =>
    Array.isArray(list) ? list.map(String) : [],
  )
  return addresses.length > 0 ? shortened(addresses) : '<unset>'
}

function paramKindText(policy: JsonObject): string {
  const { apiVersion, kind } = part(part(policy, 'spec'), 'paramKind')
  return kind === undefined ? '<unset>' : `${String(apiVersion)}/${String(kind)}`
}

function paramRefText(binding: JsonObject): string {
  const { name, namespace, selector } = part(part(binding, 'spec'), 'paramRef')
  if (selector !== undefined) return 'label selector'
  if (name === undefined) return '<unset>'
  return namespace === undefined ? `*/${String(name)}` : `${String(namespace)}/${String(name)}`
}

const spec = (label: string, field: string, instead: unknown = '<none>', extra: Partial<BuiltInColumn> = {}) => ({
  name: label,
  cell: (object: JsonObject) => part(object, 'spec')[field] ?? instead,
  ...extra,
})

/** The tables of the kinds by which administrators limit and connect, as Kubernetes prints them. */
export function policyTables({ name, age }: CommonColumns): Record<string, BuiltInColumn[]> {
  return {
    resourcequotas: [
      name,
      { name: 'Request', cell: (quota) => quotaText(quota, false) },
      { name: 'Limit', cell: (quota) => quotaText(quota, true) },
      age,
    ],
    limitranges: [
      name,
      { name: 'Created At', type: 'date', cell: (range) => part(range, 'metadata')['creationTimestamp'] },
    ],
    'priorityclasses.scheduling.k8s.io': [
      name,
      { name: 'Value', type: 'integer', cell: (object) => object['value'] },
      { name: 'Global-Default', type: 'boolean', cell: (object) => object['globalDefault'] === true },
      age,
      { name: 'PreemptionPolicy', cell: (object) => object['preemptionPolicy'] ?? '<unset>' },
    ],
    services: [
      name,
      spec('Type', 'type'),
      spec('Cluster-IP', 'clusterIP'),
      { name: 'External-IP', cell: outsideText },
      { name: 'Port(s)', cell: portsText },
      age,
      { name: 'Selector', ...wide, cell: (service) => labelsText(part(service, 'spec')['selector']) },
    ],
    endpoints: [name, { name: 'Endpoints', cell: endpointsText }, age],
    'endpointslices.discovery.k8s.io': [
      name,
      { name: 'AddressType', cell: (slice) => slice['addressType'] },
      {
        name: 'Ports',
        cell: (slice) => {
          const ports = objectsOf(slice['ports']).map(({ port }) => String(port ?? '*'))
          return ports.length > 0 ? shortened(ports) : '<unset>'
        },
      },
      { name: 'Endpoints', cell: sliceText },
      age,
    ],
    'networkpolicies.networking.k8s.io': [
      name,
      {
        name: 'Pod-Selector',
        cell: (policy) => labelsText(part(part(policy, 'spec'), 'podSelector')['matchLabels']),
      },
      age,
    ],
    'validatingadmissionpolicies.admissionregistration.k8s.io': [
      name,
      {
        name: 'Validations',
        type: 'integer',
        cell: (policy) => objectsOf(part(policy, 'spec')['validations']).length,
      },
      { name: 'ParamKind', cell: paramKindText },
      age,
    ],
    'validatingadmissionpolicybindings.admissionregistration.k8s.io': [
      name,
      spec('PolicyName', 'policyName'),
      { name: 'ParamRef', cell: paramRefText },
      age,
    ],
  }
}
