import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { startTestServer, type TestServer } from '../testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

function at(object: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), object)
}

/** What a document refers to and does not have. */
function missingReferences(text: string, definitions: unknown): string[] {
  const references = new Set(
    [...text.matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g)].map(([, name]) => name),
  )
  return [...references].filter((name) => name !== undefined && at(definitions, name) === undefined).map(String)
}

async function document(prefix: string): Promise<{ text: string; json: JsonObject; url: string }> {
  const index = await server.call('GET', '/openapi/v3')
  const url = String(at(index.json, 'paths', prefix, 'serverRelativeURL'))
  const answer = await server.call('GET', url)
  return { text: answer.text, json: answer.json, url }
}

describe('OpenAPI v3', () => {
  test('describes every group and version completely', async () => {
    const index = await server.call('GET', '/openapi/v3')
    const prefixes = Object.keys(at(index.json, 'paths') as object)
    expect(prefixes).toEqual(expect.arrayContaining(['api/v1', 'apis/kubevirt.io/v1', 'apis/authorization.k8s.io/v1']))
    for (const prefix of prefixes) {
      const { text, json } = await document(prefix)
      expect(missingReferences(text, at(json, 'components', 'schemas')), prefix).toEqual([])
    }
  })

  test('describes the fields of custom and built-in kinds', async () => {
    const machines = await document('apis/kubevirt.io/v1')
    const machine = at(machines.json, 'components', 'schemas', 'io.kubevirt.v1.VirtualMachine')
    expect(at(machine, 'x-kubernetes-group-version-kind')).toEqual([
      { group: 'kubevirt.io', kind: 'VirtualMachine', version: 'v1' },
    ])
    const disks = [
      'template',
      'properties',
      'spec',
      'properties',
      'domain',
      'properties',
      'devices',
      'properties',
      'disks',
    ]
    expect(at(machine, 'properties', 'spec', 'properties', ...disks, 'items', 'required')).toEqual(['name'])
    const core = await document('api/v1')
    const containers = at(core.json, 'components', 'schemas', 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers')
    expect(containers).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    })
  })

  test('says which parameters and patches a kind takes', async () => {
    const { json } = await document('api/v1')
    const path = at(json, 'paths', '/api/v1/namespaces/{namespace}/configmaps/{name}')
    const parameters = at(path, 'patch', 'parameters') as JsonObject[]
    expect(parameters.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
    expect(Object.keys(at(path, 'patch', 'requestBody', 'content') as object)).toContain(
      'application/strategic-merge-patch+json',
    )
    const { json: custom } = await document('apis/kubevirt.io/v1')
    const machines = at(custom, 'paths', '/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}')
    expect(Object.keys(at(machines, 'patch', 'requestBody', 'content') as object)).not.toContain(
      'application/strategic-merge-patch+json',
    )
  })

  test('may be kept as long as its hash stands', async () => {
    const { url } = await document('api/v1')
    const kept = await server.call('GET', url)
    expect(kept.headers['cache-control']).toBe('public, immutable')
    const again = await server.call('GET', url, { headers: { 'If-None-Match': String(kept.headers.etag) } })
    expect(again.status).toBe(304)
    const stale = await server.call('GET', '/openapi/v3/api/v1?hash=OLD')
    expect(stale.status).toBe(301)
    expect(stale.headers.location).toBe(url)
    expect((await server.call('GET', '/openapi/v3/apis/nothing.example/v1')).status).toBe(404)
  })

  test('follows the definitions', async () => {
    const before = await document('apis/apiextensions.k8s.io/v1')
    const created = await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'books.shelf.example' },
        spec: {
          group: 'shelf.example',
          scope: 'Namespaced',
          names: { plural: 'books', kind: 'Book' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: { spec: { type: 'object', properties: { pages: { type: 'integer' } } } },
                },
              },
            },
          ],
        },
      },
    })
    expect(created.status).toBe(201)
    const book = await document('apis/shelf.example/v1')
    expect(at(book.json, 'components', 'schemas', 'example.shelf.v1.Book', 'properties', 'spec')).toBeDefined()
    expect((await document('apis/apiextensions.k8s.io/v1')).url).toBe(before.url)
  })
})

describe('OpenAPI v2', () => {
  test('describes everything in one document, without what v2 does not have', async () => {
    const { json, text, headers } = await server.call('GET', '/openapi/v2')
    expect(headers.etag).toBeDefined()
    expect(missingReferences(text, at(json, 'definitions'))).toEqual([])
    const machine = at(json, 'definitions', 'io.kubevirt.v1.VirtualMachine', 'properties', 'spec', 'properties')
    expect(at(machine, 'runStrategy')).toMatchObject({ type: 'string' })
    expect(JSON.stringify(machine)).not.toMatch(/"(nullable|anyOf)":/)
    expect(at(json, 'paths', '/api/v1/namespaces/{namespace}/pods', 'post', 'x-kubernetes-action')).toBe('post')
  })

  test('is protobuf for clients that ask for it, and refuses what it cannot be', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
    const answer = await server.call('GET', '/openapi/v2', { headers: { Accept: accept } })
    expect(answer.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    expect(answer.text).toContain('io.kubevirt.v1.VirtualMachine')
    expect((await server.call('GET', '/openapi/v2', { headers: { Accept: 'text/html' } })).status).toBe(406)
  })
})

describe('writes of built-in kinds', () => {
  const configMaps = '/api/v1/namespaces/default/configmaps'
  const configMap = (extra: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...extra })

  test('refuse unknown fields when asked to, and drop them otherwise', async () => {
    const strict = await server.call('POST', `${configMaps}?fieldValidation=Strict`, { body: configMap({ dat: {} }) })
    expect(strict.status).toBe(400)
    expect(strict.json['message']).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"',
    )
    const ignored = await server.call('POST', `${configMaps}?fieldValidation=Ignore`, { body: configMap({ dat: {} }) })
    expect(ignored.status).toBe(201)
    expect(ignored.json).not.toHaveProperty('dat')
  })

  test('refuse values of a wrong type', async () => {
    const answer = await server.call('POST', configMaps, { body: configMap({ data: { a: 1 } }) })
    expect(answer.status).toBe(400)
    expect(answer.json['message']).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    )
  })
})

describe('discovery', () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

  test('in its aggregated form is not sent twice', async () => {
    const first = await server.call('GET', '/apis', { headers: { Accept: aggregated } })
    const tag = String(first.headers.etag)
    const again = await server.call('GET', '/apis', { headers: { Accept: aggregated, 'If-None-Match': tag } })
    expect([first.status, again.status]).toEqual([200, 304])
  })

  test('offers every kind of a group with its names and verbs', async () => {
    const { json } = await server.call('GET', '/apis/kubevirt.io/v1')
    const resources = json['resources'] as JsonObject[]
    expect(resources.find(({ name }) => name === 'virtualmachines')).toMatchObject({
      singularName: 'virtualmachine',
      shortNames: ['vm', 'vms'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      storageVersionHash: expect.any(String),
    })
    expect(resources.find(({ name }) => name === 'virtualmachines/status')?.['verbs']).toEqual([
      'get',
      'patch',
      'update',
    ])
  })
})
