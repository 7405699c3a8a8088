import { isJsonObject, type JsonObject } from '@/contract/json'
import type { Target } from '../registry/served-resource'
import { metaPackage } from './open-api-operations'
import type { SchemaFiles } from './schema-files'

/**
 * Definitions as JSON texts by name, with references `#/definitions/…` as in OpenAPI v2. Texts, because documents are put
 * together from them and most definitions are never looked into.
 */
export type Definitions = Map<string, string>

const objectMeta = `${metaPackage}.ObjectMeta`
const listMeta = `${metaPackage}.ListMeta`

/** Under which name a kind's definition is published: `io.k8s.api.core.v1.Pod`, `io.kubevirt.v1.VirtualMachine`. */
export function definitionName({ resource, version }: Target, files: SchemaFiles): string {
  const known = { group: resource.group, version: version.name, kind: resource.kind }
  const builtIn = resource.origin === 'built-in' ? files.nameOf(known) : undefined
  return builtIn ?? [...resource.group.split('.').reverse(), version.name, resource.kind].filter(Boolean).join('.')
}

/** Adds the definitions of a kind and of its list, and what these refer to. */
export function addKind(definitions: Definitions, target: Target, files: SchemaFiles): string {
  const name = definitionName(target, files)
  const text = target.resource.origin === 'built-in' ? files.textOf(name) : undefined
  if (text !== undefined) {
    addDefinition(definitions, name, files)
    if (files.textOf(`${name}List`) !== undefined) {
      addDefinition(definitions, `${name}List`, files)
      return name
    }
  } else {
    definitions.set(name, JSON.stringify(customDefinition(target)))
  }
  definitions.set(`${name}List`, JSON.stringify(listDefinition(target, name)))
  addDefinition(definitions, objectMeta, files)
  addDefinition(definitions, listMeta, files)
  return name
}

/** Adds a definition of Kubernetes' own and all it refers to. */
export function addDefinition(definitions: Definitions, name: string, files: SchemaFiles): void {
  if (definitions.has(name)) return
  const text = files.textOf(name) ?? '{"type":"object"}'
  definitions.set(name, text)
  for (const [, reference] of text.matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
    if (reference !== undefined) addDefinition(definitions, reference, files)
  }
}

function kindMarker({ resource, version }: Target, suffix = ''): JsonObject[] {
  return [{ group: resource.group, kind: `${resource.kind}${suffix}`, version: version.name }]
}

const ownFields = {
  apiVersion: {
    type: 'string',
    description:
      'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values.',
  },
  kind: {
    type: 'string',
    description: 'Kind is a string value representing the REST resource this object represents. In CamelCase.',
  },
}

function customDefinition(target: Target): JsonObject {
  const schema = isJsonObject(target.version.schema) ? target.version.schema : { type: 'object' }
  return {
    ...schema,
    properties: {
      ...(isJsonObject(schema['properties']) ? schema['properties'] : {}),
      ...ownFields,
      metadata: { $ref: `#/definitions/${objectMeta}`, description: "Standard object's metadata." },
    },
    'x-kubernetes-group-version-kind': kindMarker(target),
  }
}

function listDefinition(target: Target, item: string): JsonObject {
  return {
    description: `${target.resource.listKind} is a list of ${target.resource.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...ownFields,
      items: {
        type: 'array',
        description: `List of ${target.resource.plural}.`,
        items: { $ref: `#/definitions/${item}` },
      },
      metadata: { $ref: `#/definitions/${listMeta}`, description: 'Standard list metadata.' },
    },
    'x-kubernetes-group-version-kind': kindMarker(target, 'List'),
  }
}

/** A definition's text as OpenAPI v3 has it: a reference beside other keywords is wrapped. */
export function asVersion3(text: string): string {
  return text.replaceAll(/"\$ref":"#\/definitions\/([^"]+)"([,}])/g, (_match, name: string, next: string) =>
    next === ',' ? `"allOf":[{"$ref":"#/components/schemas/${name}"}],` : `"$ref":"#/components/schemas/${name}"}`,
  )
}

/** What OpenAPI v3 says better of types that are one value. */
export const version3Values: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': JSON.stringify({
    description: 'Quantity is a fixed-point representation of a number, such as 1500m or 4Gi.',
    oneOf: [{ type: 'string' }, { type: 'number' }],
  }),
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': JSON.stringify({
    description: 'IntOrString is a type that can hold an int32 or a string.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  }),
}
