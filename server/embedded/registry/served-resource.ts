import type { PrinterColumn } from '@/contract/kinds/kind'
import type { BuiltInType } from '../discovery/built-in-type'
import type { GroupName } from '../errors/status-error'
import type { CompiledSchema } from '../schema/compiled-schema'
import type { ResourceStrategy } from '../strategies/strategy'

/** Paths of a CustomResourceDefinition's scale subresource: `.spec.replicas`. */
export interface ScalePaths {
  specReplicasPath: string
  statusReplicasPath: string
  labelSelectorPath?: string
}

export interface ServedVersion {
  name: string
  deprecated: boolean
  deprecationWarning: string | undefined
  /** Whether `/status` exists; where it does not, the main resource writes status too. */
  statusSubresource: boolean
  columns: readonly PrinterColumn[]
  /** Where the numbers of `/scale` are kept; absent where there is no such subresource. */
  scale?: ScalePaths | undefined
  /** The structural schema; undefined where none is known. */
  schema: unknown
  /** The same, ready to be applied to objects; undefined where writes are not held against a schema. */
  compiled: CompiledSchema | undefined
  /** How Kubernetes' own type reads objects of a built-in kind. */
  builtIn?: BuiltInType | undefined
  /** Paths that field selectors may name besides `metadata.name` and `metadata.namespace`. */
  selectableFields: readonly string[]
}

/** A kind as it is served: from the built-in list or from a CustomResourceDefinition. */
export interface ServedResource {
  group: string
  plural: string
  singular: string
  kind: string
  listKind: string
  shortNames: readonly string[]
  categories: readonly string[]
  namespaced: boolean
  /** Served versions by priority, the preferred one first. */
  versions: readonly ServedVersion[]
  storageVersion: string
  origin: 'built-in' | 'custom'
  strategy: ResourceStrategy
  /** The revision from which objects were written under this schema; 0 where none is older. */
  definedAt: number
  /** The definition is being deleted: nothing new may be created. */
  terminating: boolean
}

/** One resource in the version that a request names. */
export interface Target {
  resource: ServedResource
  version: ServedVersion
}

/** The store's name of a resource: `pods`, `virtualmachines.kubevirt.io`. */
export function resourceName({ group, plural }: Pick<ServedResource, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`
}

export function groupResource({ group, plural }: ServedResource): GroupName {
  return { group, name: plural }
}

export function groupKind({ group, kind }: ServedResource): GroupName {
  return { group, name: kind }
}

export function apiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}

export function storageApiVersion(resource: ServedResource): string {
  return apiVersion(resource.group, resource.storageVersion)
}

/**
 * Kubernetes' order of versions: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then others by name. For `sort`.
 */
export function compareVersions(left: string, right: string): number {
  const [l, r] = [versionRank(left), versionRank(right)]
  for (let index = 0; index < l.length; index++) {
    const difference = (r[index] ?? 0) - (l[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left < right ? -1 : left > right ? 1 : 0
}

function versionRank(version: string): number[] {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!found) return [0, 0, 0]
  const stage = found[2] === undefined ? 3 : found[2] === 'beta' ? 2 : 1
  return [stage, Number(found[1]), Number(found[3] ?? 0)]
}
