import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { addDefinition, addKind, type Definitions } from './open-api-definitions'
import { metaPackage, type Operation, type PathItem, pathsOf, type QueryParameter } from './open-api-operations'
import { encodeDefinition, encodeDocument, encodePath } from './open-api-v2-protobuf'
import type { OpenApiSource } from './open-api-v3'
import { asVersion2 } from './version2-schema'
import { virtualPaths } from './virtual-paths'

const info = { title: 'Kubernetes', version: 'unversioned' }
const types = {
  json: 'application/json',
  /** What kube-apiserver answers with: the `@` of the type asked for is not allowed in a media type. */
  protobuf: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
}

export type Version2Format = keyof typeof types

export interface PackedDocument {
  /** Compressed by gzip: the document is large and seldom asked for. */
  body: Buffer
  contentType: string
  etag: string
}

/** `/openapi/v2`: one document of everything, made when it is first asked for and kept until the registry changes. */
export class OpenApiV2 {
  readonly #source: OpenApiSource
  readonly #documents = new Map<Version2Format, PackedDocument>()
  #revision = -1

  constructor(source: OpenApiSource) {
    this.#source = source
  }

  document(format: Version2Format): PackedDocument {
    if (this.#revision !== this.#source.registry.revision) {
      this.#documents.clear()
      this.#revision = this.#source.registry.revision
    }
    let document = this.#documents.get(format)
    if (!document) {
      const parts = collect(this.#source)
      const plain = format === 'json' ? Buffer.from(asJson(parts)) : asProtobuf(parts)
      const etag = createHash('sha512').update(plain).digest('hex').toUpperCase()
      document = { body: gzipSync(plain, { level: 1 }), contentType: types[format], etag }
      this.#documents.set(format, document)
    }
    return document
  }
}

interface Parts {
  paths: PathItem[]
  /** By name, as JSON. */
  definitions: [string, string][]
}

function collect({ registry, virtualGroups, files }: OpenApiSource): Parts {
  const definitions: Definitions = new Map()
  const paths: PathItem[] = []
  for (const resource of registry.resources()) {
    for (const version of resource.versions) {
      const target = { resource, version }
      const name = addKind(definitions, target, files)
      paths.push(...pathsOf(target, name))
      if (resource.origin === 'custom') definitions.set(name, version2Text(definitions.get(name) ?? '{}'))
    }
  }
  for (const { name: group, versions } of virtualGroups) {
    for (const version of versions) paths.push(...virtualPaths({ virtualGroups, files, group, version }))
  }
  for (const { body, answer } of paths.flatMap(({ operations }) => operations)) {
    addDefinition(definitions, answer, files)
    if (body) addDefinition(definitions, body, files)
  }
  addDefinition(definitions, `${metaPackage}.Status`, files)
  return {
    paths: paths.sort((left, right) => (left.path < right.path ? -1 : 1)),
    definitions: [...definitions].sort(([left], [right]) => (left < right ? -1 : 1)),
  }
}

function version2Text(text: string): string {
  return JSON.stringify(asVersion2(parse(text)))
}

function parse(text: string): JsonObject {
  const parsed: unknown = JSON.parse(text)
  return isJsonObject(parsed) ? parsed : {}
}

function asProtobuf({ paths, definitions }: Parts): Buffer {
  return encodeDocument({
    ...info,
    paths: paths.map(encodePath),
    definitions: definitions.map(([name, text]) => encodeDefinition(name, parse(text))),
  })
}

function asJson({ paths, definitions }: Parts): string {
  const rendered = Object.fromEntries(paths.map((item) => [item.path, renderPath(item)]))
  const head = JSON.stringify({ swagger: '2.0', info, paths: rendered })
  const texts = definitions.map(([name, text]) => `${JSON.stringify(name)}:${text}`)
  return `${head.slice(0, -1)},"definitions":{${texts.join(',')}}}`
}

function renderPath({ variables, operations }: PathItem): JsonObject {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, renderOperation(operation)])),
    parameters: variables.map(({ name, description }) => ({
      ...{ name, in: 'path', description },
      ...{ required: true, type: 'string', uniqueItems: true },
    })),
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
  const schema = (name: string) => ({ $ref: `#/definitions/${name}` })
  const bodies = body
    ? [{ name: 'body', in: 'body', required: !action.startsWith('delete'), schema: schema(body) }]
    : []
  return {
    description,
    operationId: id,
    consumes: consumes.length > 0 ? consumes : ['*/*'],
    produces: ['application/json', 'application/yaml'],
    schemes: ['https'],
    parameters: [...bodies, ...query.map(renderParameter)],
    responses: {
      ...Object.fromEntries(
        codes.map((code) => [code, { description: answerNames[code] ?? '', schema: schema(answer) }]),
      ),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

const answerNames: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function renderParameter({ name, type, description }: QueryParameter): JsonObject {
  return { name, in: 'query', description, type, uniqueItems: true }
}
