import { createHash } from 'node:crypto'
import type { JsonObject } from '@/contract/json'
import type { Registry } from '../registry/registry'
import { addDefinition, addKind, asVersion3, type Definitions, version3Values } from './open-api-definitions'
import { metaPackage, type Operation, type PathItem, pathsOf, type QueryParameter } from './open-api-operations'
import type { SchemaFiles } from './schema-files'
import type { VirtualGroup } from './virtual-groups'
import { virtualPaths } from './virtual-paths'

export interface OpenApiSource {
  registry: Registry
  virtualGroups: readonly VirtualGroup[]
  files: SchemaFiles
}

export interface HashedDocument {
  body: string
  /** Changes with the document: clients keep a document as long as its hash stands in the index. */
  hash: string
}

/** OpenAPI v3 documents, one per group and version, made from the registry and kept until it changes. */
export class OpenApiV3 {
  readonly #source: OpenApiSource
  readonly #documents = new Map<string, HashedDocument>()
  #revision = -1

  constructor(source: OpenApiSource) {
    this.#source = source
  }

  /** `/openapi/v3`: where each group and version's document is. */
  index(): JsonObject {
    const paths: JsonObject = {}
    for (const prefix of this.#prefixes()) {
      const hash = this.document(prefix)?.hash
      if (hash !== undefined) paths[prefix] = { serverRelativeURL: serverRelativeUrl(prefix, hash) }
    }
    return { paths }
  }

  /** The document of `api/v1` or `apis/group/version`; undefined when that is not served. */
  document(prefix: string): HashedDocument | undefined {
    if (this.#revision !== this.#source.registry.revision) {
      this.#documents.clear()
      this.#revision = this.#source.registry.revision
    }
    let document = this.#documents.get(prefix)
    if (!document && this.#prefixes().includes(prefix)) {
      const [, group = '', version = ''] = prefix === 'api/v1' ? ['', '', 'v1'] : prefix.split('/')
      const body = buildDocument(this.#source, group, version)
      document = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
      this.#documents.set(prefix, document)
    }
    return document
  }

  #prefixes(): string[] {
    const { registry, virtualGroups } = this.#source
    const named = [...registry.groups(), ...virtualGroups].flatMap(({ name, versions }) =>
      versions.map((version) => `apis/${name}/${version}`),
    )
    return ['api/v1', ...new Set(named)].sort()
  }
}

export function serverRelativeUrl(prefix: string, hash: string): string {
  return `/openapi/v3/${prefix}?hash=${hash}`
}

function buildDocument({ registry, virtualGroups, files }: OpenApiSource, group: string, version: string): string {
  const definitions: Definitions = new Map()
  const paths: JsonObject = {}
  const targets = registry.targetsOf(group, version)
  for (const target of targets) {
    for (const item of pathsOf(target, addKind(definitions, target, files))) {
      for (const { answer } of item.operations) addDefinition(definitions, answer, files)
      paths[item.path] = renderPath(item)
    }
  }
  for (const item of virtualPaths({ virtualGroups, files, group, version })) {
    for (const { body } of item.operations) if (body) addDefinition(definitions, body, files)
    paths[item.path] = renderPath(item)
  }
  for (const name of ['DeleteOptions', 'Patch', 'Status']) addDefinition(definitions, `${metaPackage}.${name}`, files)
  const schemas = [...definitions]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, text]) => `${JSON.stringify(name)}:${version3Values[name] ?? asVersion3(text)}`)
  const head = JSON.stringify({ openapi: '3.0.0', info: { title: 'Kubernetes', version: 'unversioned' }, paths })
  return `${head.slice(0, -1)},"components":{"schemas":{${schemas.join(',')}},"securitySchemes":${security}}}`
}

const security = JSON.stringify({
  BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' },
})

function renderPath({ variables, operations }: PathItem): JsonObject {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, renderOperation(operation)])),
    ...(variables.length > 0
      ? {
          parameters: variables.map(({ name, description }) => ({
            name,
            in: 'path',
            description,
            required: true,
            schema: { type: 'string', uniqueItems: true },
          })),
        }
      : {}),
  }
}

function renderOperation({
  action,
  id,
  description,
  query,
  consumes,
  body,
  answer,
  codes,
  kind,
}: Operation): JsonObject {
  const content = (types: readonly string[], name: string) => {
    const schema = { schema: { $ref: `#/components/schemas/${name}` } }
    return Object.fromEntries(types.map((type) => [type, schema]))
  }
  const answers = codes.map((code) => [
    code,
    { description: answerNames[code] ?? '', content: content(['application/json', 'application/yaml'], answer) },
  ])
  return {
    tags: [kind.group === '' ? `core_${kind.version}` : `${kind.group}_${kind.version}`],
    description,
    operationId: id,
    parameters: query.map(renderParameter),
    ...(body
      ? {
          requestBody: { content: content(consumes, body), ...(action.startsWith('delete') ? {} : { required: true }) },
        }
      : {}),
    responses: { ...Object.fromEntries(answers), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

const answerNames: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function renderParameter({ name, type, description }: QueryParameter): JsonObject {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } }
}
