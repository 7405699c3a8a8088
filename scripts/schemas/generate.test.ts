import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import YAML from 'yaml'
import { differences } from './compare-schemas.mjs'
import { generateSchemas } from './generate.mjs'

/**
 * `CHIAVE_REAL_CRDS` names a directory with one directory per project of CustomResourceDefinitions of a real cluster;
 * `CHIAVE_REAL_OPENAPI` one with `kubernetes-swagger.json`, the OpenAPI v2 document of a real API server.
 */
const { CHIAVE_REAL_CRDS: crds, CHIAVE_REAL_OPENAPI: openapi } = process.env

/** What is other on purpose, with the reason. Of the custom kinds there is nothing. */
const wanted = new Map([
  [
    'io.k8s.api.core.v1.ContainerPort.protocol: default is "TCP" instead of absent',
    'the published document leaves out defaults; apply needs this one, which is part of a list key',
  ],
  ['io.k8s.api.core.v1.ServicePort.protocol: default is "TCP" instead of absent', 'the same'],
])
/** Keywords of definitions that say what else there is, and nothing of the fields. */
const aside = /: x-kubernetes-(group-version-kind|unions) is /

const files = generateSchemas()

interface Definition {
  metadata: { name: string }
  spec: { versions: { name: string; storage: boolean; schema: { openAPIV3Schema: unknown } }[] }
}

function realDefinitions(directory: string): Definition[] {
  return ['kubevirt', 'cdi'].flatMap((project) =>
    fs
      .readdirSync(path.join(directory, project))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => YAML.parse(fs.readFileSync(path.join(directory, project, file), 'utf8')) as Definition),
  )
}

describe('the schemas of custom kinds', () => {
  test('are structural: every value has a type or is kept as it is, and nothing is a reference', () => {
    for (const [name, text] of files) {
      if (name === 'kubernetes.json') continue
      expect(text, name).not.toContain('$ref')
      expect(untyped(JSON.parse(text)), name).toEqual([])
    }
  })

  test('know the fields that wizards and manifests use', () => {
    const machine = JSON.parse(files.get('virtualmachines.kubevirt.io.json') ?? '')
    const devices = machine.properties.spec.properties.template.properties.spec.properties.domain.properties.devices
    expect(devices.properties.disks.items.properties.bootOrder).toMatchObject({ type: 'integer' })
    expect(devices.properties.disks.items.required).toEqual(['name'])
    const resources = machine.properties.spec.properties.template.properties.spec.properties.domain.properties.resources
    expect(resources.properties.requests.additionalProperties['x-kubernetes-int-or-string']).toBe(true)
  })

  test.skipIf(!crds)('are those of a real cluster field by field (needs CHIAVE_REAL_CRDS)', () => {
    const definitions = realDefinitions(crds ?? '')
    expect(definitions.length).toBeGreaterThan(20)
    for (const { metadata, spec } of definitions) {
      const ours: unknown = JSON.parse(files.get(`${metadata.name}.json`) ?? 'null')
      for (const { name, schema } of spec.versions) {
        const found = differences(ours, schema.openAPIV3Schema)
        expect(found, `${metadata.name} ${name}`).toEqual([])
      }
    }
  })
})

/** Paths of schemas that say nothing of what they hold. */
function untyped(schema: unknown, at = ''): string[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return []
  const node = schema as Record<string, unknown>
  const silent =
    !('type' in node) && !node['x-kubernetes-int-or-string'] && !node['x-kubernetes-preserve-unknown-fields']
  const below = Object.entries((node['properties'] as object | undefined) ?? {})
  return [
    ...(silent ? [at] : []),
    ...below.flatMap(([field, child]) => untyped(child, `${at}.${field}`)),
    ...('items' in node ? untyped(node['items'], `${at}[]`) : []),
    ...(typeof node['additionalProperties'] === 'object' ? untyped(node['additionalProperties'], `${at}{}`) : []),
  ]
}

describe('the definitions of built-in kinds', () => {
  const ours = JSON.parse(files.get('kubernetes.json') ?? '') as Record<string, unknown>

  test('refer to nothing that is not there', () => {
    const references = [...(files.get('kubernetes.json') ?? '').matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(500)
    for (const [, name] of references) expect(ours).toHaveProperty([name ?? ''])
  })

  test.skipIf(!openapi)('are those of a real API server field by field (needs CHIAVE_REAL_OPENAPI)', () => {
    const file = path.join(openapi ?? '', 'kubernetes-swagger.json')
    const theirs = (JSON.parse(fs.readFileSync(file, 'utf8')) as { definitions: Record<string, unknown> }).definitions
    for (const [name, definition] of Object.entries(ours)) {
      expect(theirs, name).toHaveProperty([name])
      const found = differences(resolveAny(definition), resolveAny(theirs[name]), name)
      expect(found.filter((line) => !aside.test(line) && !wanted.has(line))).toEqual([])
    }
  })
})

const anything = [
  'JSON',
  'JSONSchemaPropsOrArray',
  'JSONSchemaPropsOrBool',
  'JSONSchemaPropsOrStringArray',
  'CustomResourceSubresourceStatus',
].map((name) => `#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name}`)

/** References to definitions that say nothing count as nothing said. */
function resolveAny(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$ref' in value)) return value
    const { $ref, ...rest } = value
    return anything.includes(String($ref)) ? ($ref === anything.at(-1) ? { type: 'object', ...rest } : rest) : value
  })
}
