import { isJsonObject, type JsonObject } from '@/contract/json'
import type { CustomResourceDefinition } from '@/contract/kinds/core'
import { apiVersionOf, type Kind, type PrinterColumn } from '@/contract/kinds/kind'
import { type CompiledSchema, compileSchema } from '../schema/compiled-schema'
import { customStrategy } from '../strategies/custom'
import { apiVersion, compareVersions, type ServedResource, type ServedVersion } from './served-resource'

type DefinedVersion = CustomResourceDefinition['spec']['versions'][number] & { deprecationWarning?: string }

const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** How a custom kind is served, read from its definition. */
export function servedFromDefinition(definition: CustomResourceDefinition): ServedResource {
  const { group, names, scope, versions } = definition.spec
  const served = servedVersions(definition)
  const kind = names.kind
  return {
    group,
    plural: names.plural,
    singular: names.singular ?? kind.toLowerCase(),
    kind,
    listKind: names.listKind ?? `${kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    versions: served
      .map((version) => servedVersion(version, deprecationOf(version, served, { group, kind })))
      .sort((left, right) => compareVersions(left.name, right.name)),
    storageVersion: versions.find((version) => version.storage)?.name ?? versions[0]?.name ?? 'v1',
    origin: 'custom',
    strategy: customStrategy,
    definedAt: Number(definition.metadata.resourceVersion ?? 0),
    terminating: definition.metadata.deletionTimestamp !== undefined,
  }
}

/**
 * Objects are converted by renaming alone, so that of a kind with a conversion webhook only the version it is stored in
 * can be served.
 */
function servedVersions({ spec }: CustomResourceDefinition): DefinedVersion[] {
  const served = spec.versions.filter((version) => version.served)
  if (spec.conversion?.strategy !== 'Webhook') return served
  const stored = served.filter((version) => version.storage)
  return stored.length > 0 ? stored : served
}

/** Whether a definition's names are its own, so that its kind may be served. */
export function isAccepted({ status }: CustomResourceDefinition): boolean {
  return !status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'False')
}

/** The warning that goes with every answer in a deprecated version; names the version to use where there is one. */
function deprecationOf(
  version: DefinedVersion,
  served: readonly DefinedVersion[],
  { group, kind }: { group: string; kind: string },
): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning) return version.deprecationWarning
  const better = served
    .filter((other) => !other.deprecated && compareVersions(other.name, version.name) < 0)
    .sort((left, right) => compareVersions(left.name, right.name))[0]
  const warning = `${apiVersion(group, version.name)} ${kind} is deprecated`
  return better ? `${warning}; use ${apiVersion(group, better.name)} ${kind}` : warning
}

const compiled = new WeakMap<object, CompiledSchema>()

/** Compiled when first needed, and once for versions that share a schema. */
function compiledOf(schema: unknown): CompiledSchema {
  if (!isJsonObject(schema)) return compileSchema(schema)
  const known = compiled.get(schema)
  if (known) return known
  const made = compileSchema(schema)
  compiled.set(schema, made)
  return made
}

function servedVersion(version: DefinedVersion, deprecationWarning: string | undefined): ServedVersion {
  return {
    name: version.name,
    deprecated: version.deprecated ?? false,
    deprecationWarning,
    statusSubresource: version.subresources?.status !== undefined,
    scale: version.subresources?.scale,
    // The definition's columns have been checked when it was written.
    columns: (version.additionalPrinterColumns as PrinterColumn[] | undefined) ?? [ageColumn],
    schema: version.schema?.openAPIV3Schema,
    get compiled() {
      return compiledOf(version.schema?.openAPIV3Schema)
    },
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
  }
}

/** Marks definitions that this server brought along and keeps up to date. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'chiave' }

/** The definition under which a kind of ours is stored and served. Without a schema every field passes through. */
export function definitionOf(kind: Kind, schema: JsonObject = permissiveSchema(kind)): CustomResourceDefinition {
  const versions = kind.servedVersions ?? [kind.version]
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}`, labels: managedByLabel },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        plural: kind.plural,
        singular: kind.singular,
        kind: kind.kind,
        listKind: kind.listKind,
        ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
        ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
      },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === kind.version,
        ...(name === kind.version ? {} : { deprecated: true }),
        schema: {
          openAPIV3Schema: schema,
        },
        ...(kind.statusSubresource ? { subresources: { status: {} } } : {}),
        ...(kind.columns.length > 0 ? { additionalPrinterColumns: kind.columns.map((column) => ({ ...column })) } : {}),
      })),
      conversion: { strategy: 'None' },
    },
  }
}

function permissiveSchema(kind: Kind): JsonObject {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return {
    type: 'object',
    description: `${kind.kind} of ${apiVersionOf(kind)}.`,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: anything,
      status: anything,
    },
    'x-kubernetes-preserve-unknown-fields': true,
  }
}
