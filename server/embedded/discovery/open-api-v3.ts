import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '@/contract/json'
import type { Registry } from '../registry/registry'
import { apiVersion, type ServedResource, type Target } from '../registry/served-resource'
import { objectMetaSchema, schemaOfBuiltIn } from './built-in-schemas'

/** OpenAPI v3 documents, one per group and version, made from the registry and kept until it changes. */
export class OpenApiV3 {
  readonly #registry: Registry
  readonly #documents = new Map<string, { body: string; hash: string }>()
  #revision = -1

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** `/openapi/v3`: where each group and version's document is. */
  index(): JsonObject {
    const paths: JsonObject = {}
    for (const { prefix, group, version } of this.#groupVersions()) {
      const { hash } = this.#document(group, version)
      paths[prefix] = { serverRelativeURL: `/openapi/v3/${prefix}?hash=${hash}` }
    }
    return { paths }
  }

  /** The document of `api/v1` or `apis/group/version`; undefined when that is not served. */
  document(prefix: string): string | undefined {
    const found = this.#groupVersions().find((entry) => entry.prefix === prefix)
    return found && this.#document(found.group, found.version).body
  }

  #groupVersions(): { prefix: string; group: string; version: string }[] {
    const named = this.#registry
      .groups()
      .flatMap(({ name, versions }) =>
        versions.map((version) => ({ prefix: `apis/${name}/${version}`, group: name, version })),
      )
    return [{ prefix: 'api/v1', group: '', version: 'v1' }, ...named]
  }

  #document(group: string, version: string): { body: string; hash: string } {
    if (this.#revision !== this.#registry.revision) {
      this.#documents.clear()
      this.#revision = this.#registry.revision
    }
    const key = `${group}/${version}`
    let document = this.#documents.get(key)
    if (!document) {
      const body = JSON.stringify(buildDocument(this.#registry.targetsOf(group, version)))
      document = { body, hash: createHash('sha256').update(body).digest('hex').toUpperCase() }
      this.#documents.set(key, document)
    }
    return document
  }
}

const metaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

function buildDocument(targets: readonly Target[]): JsonObject {
  const schemas: JsonObject = { [metaName]: objectMetaSchema }
  const paths: JsonObject = {}
  for (const target of targets) {
    const name = schemaName(target)
    schemas[name] = schemaOf(target)
    addPaths(paths, target, name)
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'unversioned' }, paths, components: { schemas } }
}

/** As Kubernetes names them: `io.kubevirt.v1.VirtualMachine`. */
function schemaName({ resource, version }: Target): string {
  const group = resource.group === '' ? ['core', 'api', 'k8s', 'io'] : resource.group.split('.')
  return [...group.reverse(), version.name, resource.kind].join('.')
}

function kindMarker({ resource, version }: Target): JsonObject {
  return { group: resource.group, kind: resource.kind, version: version.name }
}

function schemaOf(target: Target): JsonObject {
  const { resource, version } = target
  const own = resource.origin === 'custom' ? version.schema : schemaOfBuiltIn(resource)
  const schema = isJsonObject(own) ? own : { type: 'object' }
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  return {
    ...schema,
    properties: {
      ...properties,
      apiVersion: {
        type: 'string',
        description: 'APIVersion defines the versioned schema of this representation of an object.',
      },
      kind: { type: 'string', description: 'Kind is the type of this object.' },
      metadata: {
        description: "Standard object's metadata.",
        allOf: [{ $ref: `#/components/schemas/${metaName}` }],
        default: {},
      },
    },
    'x-kubernetes-group-version-kind': [kindMarker(target)],
  }
}

function addPaths(paths: JsonObject, target: Target, schema: string): void {
  const { resource, version } = target
  const root = resource.group === '' ? `/api/${version.name}` : `/apis/${apiVersion(resource.group, version.name)}`
  const collection = resource.namespaced
    ? `${root}/namespaces/{namespace}/${resource.plural}`
    : `${root}/${resource.plural}`
  const operation = (action: string, query: readonly string[], bodies: readonly string[] = []) =>
    buildOperation({ target, schema, action, query, bodies })
  const write = ['dryRun', 'fieldManager', 'fieldValidation']
  paths[collection] = {
    get: operation('list', ['labelSelector', 'fieldSelector', 'limit', 'continue', 'watch', 'resourceVersion']),
    post: operation('post', write, ['application/json', 'application/yaml']),
    delete: operation('deletecollection', ['labelSelector', 'fieldSelector', 'dryRun']),
    parameters: resource.namespaced ? [pathParameter('namespace')] : [],
  }
  paths[`${collection}/{name}`] = {
    get: operation('get', ['resourceVersion']),
    put: operation('put', write, ['application/json', 'application/yaml']),
    patch: operation('patch', [...write, 'force'], patchTypes(resource)),
    delete: operation('delete', ['dryRun', 'gracePeriodSeconds', 'propagationPolicy']),
    parameters: [pathParameter('name'), ...(resource.namespaced ? [pathParameter('namespace')] : [])],
  }
}

/** Strategic merge is left out on purpose: kubectl then merges by the types it brings along itself. */
function patchTypes(_resource: ServedResource): string[] {
  return ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json']
}

function pathParameter(name: string): JsonObject {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }
}

interface OperationInput {
  target: Target
  schema: string
  action: string
  query: readonly string[]
  bodies: readonly string[]
}

const types: Readonly<Record<string, string>> = {
  limit: 'integer',
  gracePeriodSeconds: 'integer',
  watch: 'boolean',
  force: 'boolean',
}

function buildOperation({ target, schema, action, query, bodies }: OperationInput): JsonObject {
  const reference = { schema: { $ref: `#/components/schemas/${schema}` } }
  return {
    description: `${action} ${target.resource.kind}`,
    operationId: `${action}${target.resource.kind}${target.version.name}`,
    parameters: query.map((name) => ({
      name,
      in: 'query',
      schema: { type: types[name] ?? 'string', uniqueItems: true },
    })),
    ...(bodies.length > 0
      ? { requestBody: { content: Object.fromEntries(bodies.map((type) => [type, reference])) } }
      : {}),
    responses: { 200: { description: 'OK', content: { 'application/json': reference } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindMarker(target),
  }
}
