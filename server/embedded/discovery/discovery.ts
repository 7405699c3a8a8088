import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { readAccept } from '../http/negotiate'
import type { Registry, ServedGroup } from '../registry/registry'
import type { ServedResource, Target } from '../registry/served-resource'
import { apiVersion, compareVersions } from '../registry/served-resource'
import type { VirtualGroup, VirtualResource } from './virtual-groups'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const subresourceVerbs = ['get', 'patch', 'update']

/** Where the documents come from: what is stored, and groups that only answer calls. */
export interface DiscoverySource {
  registry: Registry
  virtualGroups: readonly VirtualGroup[]
}

interface DiscoveredGroup extends ServedGroup {
  resources(version: string): ApiResource[]
}

interface ApiResource {
  name: string
  singularName: string
  namespaced: boolean
  kind: string
  verbs: string[]
  shortNames?: string[]
  categories?: string[]
  storageVersionHash?: string
  /** Of the object sent and answered, where it is not the group's own. */
  group?: string
  version?: string
}

function discoveredGroups({ registry, virtualGroups }: DiscoverySource): DiscoveredGroup[] {
  const names = new Map<string, Set<string>>()
  for (const { name, versions } of [...registry.groups(), ...virtualGroups]) {
    const known = names.get(name) ?? new Set()
    for (const version of versions) known.add(version)
    names.set(name, known)
  }
  return [...names]
    .map(([name, versions]) => ({
      name,
      versions: [...versions].sort(compareVersions),
      resources: (version: string) => resourcesOf({ registry, virtualGroups }, name, version),
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

function resourcesOf({ registry, virtualGroups }: DiscoverySource, group: string, version: string): ApiResource[] {
  const stored = registry
    .targetsOf(group, version)
    .sort((left, right) => (left.resource.plural < right.resource.plural ? -1 : 1))
    .flatMap(storedResources)
  const virtual = virtualGroups
    .filter((entry) => entry.name === group && entry.versions.includes(version))
    .flatMap((entry) => entry.resources)
  return [...stored, ...virtual.map((resource: VirtualResource) => ({ ...resource, verbs: [...resource.verbs] }))]
}

function storedResources({ resource, version }: Target): ApiResource[] {
  const main: ApiResource = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: [...resource.shortNames] } : {}),
    ...(resource.categories.length > 0 ? { categories: [...resource.categories] } : {}),
    storageVersionHash: storageVersionHash(resource),
  }
  const below = subresourceNames(resource, version.statusSubresource).map((name) => subresource(resource, name))
  if (version.scale) below.push(scaleOf(resource))
  return [main, ...below, ...(resource.group === '' && resource.plural === 'serviceaccounts' ? [tokenRequest] : [])]
}

/** By which clients see that a kind is stored in another version than before. */
function storageVersionHash({ group, storageVersion, kind }: ServedResource): string {
  const hash = createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest()
  return hash.subarray(0, 8).toString('base64')
}

const tokenRequest: ApiResource = {
  name: 'serviceaccounts/token',
  singularName: '',
  namespaced: true,
  kind: 'TokenRequest',
  verbs: ['create'],
  group: 'authentication.k8s.io',
  version: 'v1',
}

function subresourceNames(resource: ServedResource, status: boolean): string[] {
  const finalize = resource.group === '' && resource.plural === 'namespaces' ? ['finalize'] : []
  const approval = resource.group === 'certificates.k8s.io' ? ['approval'] : []
  return [...finalize, ...approval, ...(status ? ['status'] : [])]
}

function scaleOf(resource: ServedResource): ApiResource {
  return { ...subresource(resource, 'scale'), kind: 'Scale', group: 'autoscaling', version: 'v1' }
}

function subresource(resource: ServedResource, name: string): ApiResource {
  return {
    name: `${resource.plural}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: name === 'finalize' ? ['update'] : subresourceVerbs,
  }
}

/** The JSON body and content type of a discovery path; undefined for a path that is none. */
export function readDiscovery(
  source: DiscoverySource,
  request: IncomingMessage,
  path: string,
): { body: unknown; contentType: string } | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  if (path === '/api') return readCore(source, request)
  if (path === '/apis') return readGroups(source, request)
  if (path === '/api/v1') return json(resourceList(coreGroup(source), 'v1'))
  if (parts[0] !== 'apis') return undefined
  const group = discoveredGroups(source).find(({ name }) => name === parts[1])
  if (!group) return undefined
  if (parts.length === 2) return json({ kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) })
  const version = parts[2] ?? ''
  if (parts.length === 3 && group.versions.includes(version)) return json(resourceList(group, version))
  return undefined
}

function json(body: unknown) {
  return { body, contentType: 'application/json' }
}

function readCore(source: DiscoverySource, request: IncomingMessage) {
  const aggregated = wantedAggregation(request)
  if (aggregated) return aggregate(aggregated, [coreGroup(source)])
  return json({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: request.headers.host ?? '' }],
  })
}

function readGroups(source: DiscoverySource, request: IncomingMessage) {
  const aggregated = wantedAggregation(request)
  const groups = discoveredGroups(source)
  if (aggregated) return aggregate(aggregated, groups)
  return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) })
}

function coreGroup(source: DiscoverySource): DiscoveredGroup {
  return { name: '', versions: ['v1'], resources: (version) => resourcesOf(source, '', version) }
}

function describeGroup({ name, versions }: ServedGroup) {
  const entries = versions.map((version) => ({ groupVersion: apiVersion(name, version), version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

function resourceList(group: DiscoveredGroup, version: string) {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion(group.name, version),
    resources: group.resources(version),
  }
}

type Aggregation = 'v2' | 'v2beta1'

/** The version of aggregated discovery that the client prefers; undefined when it takes the old documents first. */
function wantedAggregation(request: IncomingMessage): Aggregation | undefined {
  for (const { type, parameters } of readAccept(request)) {
    const version = parameters.get('v')
    if (parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('as') === 'APIGroupDiscoveryList') {
      if (type === 'application/json' && (version === 'v2' || version === 'v2beta1')) return version
      continue
    }
    if (type === 'application/json' || type === '*/*') return undefined
  }
  return undefined
}

function aggregate(version: Aggregation, groups: readonly DiscoveredGroup[]) {
  return {
    contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    body: {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: groups.map((group) => ({
        metadata: { name: group.name, creationTimestamp: null },
        versions: group.versions.map((name) => ({
          version: name,
          resources: aggregatedResources(group, name),
          freshness: 'Current',
        })),
      })),
    },
  }
}

function aggregatedResources(group: DiscoveredGroup, version: string): unknown[] {
  const all = group.resources(version)
  const kindOf = (resource: ApiResource) => ({
    group: resource.group ?? group.name,
    version: resource.version ?? version,
    kind: resource.kind,
  })
  const mains = [...new Set(all.map(({ name }) => name.split('/')[0] ?? ''))]
  return mains.map((name) => {
    const main = all.find((resource) => resource.name === name)
    const below = all.filter((resource) => resource.name.startsWith(`${name}/`))
    const first = main ?? below[0]
    return {
      resource: name,
      ...(main ? { responseKind: kindOf(main) } : { responseKind: { group: '', version: '', kind: '' } }),
      scope: first?.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: main?.singularName ?? '',
      verbs: main?.verbs ?? [],
      ...(main?.shortNames ? { shortNames: main.shortNames } : {}),
      ...(main?.categories ? { categories: main.categories } : {}),
      ...(below.length > 0
        ? {
            subresources: below.map((resource) => ({
              subresource: resource.name.slice(name.length + 1),
              responseKind: kindOf(resource),
              verbs: resource.verbs,
            })),
          }
        : {}),
    }
  })
}
