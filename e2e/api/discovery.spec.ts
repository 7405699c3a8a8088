import { expect, test } from 'vitest'
import { ok, useApi } from './support/suite'

/** Kubernetes documentation, "The Kubernetes API": discovery and OpenAPI. */
const api = useApi('discovery')
const { client } = api

interface Entry {
  name: string
  kind: string
  namespaced: boolean
  verbs: string[]
  singularName: string
  shortNames?: string[]
}

test('the version is a Kubernetes version', async () => {
  const { status, json } = await client.get('/version')
  expect(status).toBe(200)
  expect(json['major']).toBe('1')
  expect(json['minor']).toMatch(/^\d+\+?$/)
  expect(json['gitVersion']).toMatch(/^v1\.\d+\.\d+/)
})

test('health is told without a word of the objects', async () => {
  for (const path of ['/healthz', '/livez', '/readyz']) {
    const { status, text } = await client.get(path, { accept: '*/*' })
    expect([path, status, text]).toEqual([path, 200, 'ok'])
  }
})

test('/api lists the versions of the core group', async () => {
  expect(ok(await client.get('/api'))).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
})

test('/apis lists every group with its versions and the preferred one', async () => {
  const list = ok(await client.get('/apis'))
  expect(list).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' })
  const groups = list['groups'] as { name: string; versions: unknown[]; preferredVersion: unknown }[]
  const extensions = groups.find(({ name }) => name === 'apiextensions.k8s.io')
  expect(extensions).toMatchObject({
    preferredVersion: { groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' },
    versions: [{ groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' }],
  })
  const group = ok(await client.get('/apis/apiextensions.k8s.io'))
  expect(group).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'apiextensions.k8s.io' })
})

test('a group version lists its resources, subresources apart, with their verbs', async () => {
  const list = ok(await client.get('/api/v1'))
  expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' })
  const resources = list['resources'] as Entry[]
  const named = (name: string) => resources.find((resource) => resource.name === name)
  expect(named('configmaps')).toMatchObject({
    kind: 'ConfigMap',
    namespaced: true,
    singularName: 'configmap',
    shortNames: ['cm'],
  })
  expect(named('configmaps')?.verbs.sort()).toEqual(
    ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'].sort(),
  )
  expect(named('namespaces')).toMatchObject({ kind: 'Namespace', namespaced: false, shortNames: ['ns'] })
  expect(named('namespaces/status')?.verbs.sort()).toEqual(['get', 'patch', 'update'])
  expect(named('namespaces/finalize')).toMatchObject({ kind: 'Namespace', verbs: ['update'] })
})

test('what is listed is served: every list verb answers with a list', async () => {
  const groups = ok(await client.get('/apis'))['groups'] as { preferredVersion: { groupVersion: string } }[]
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  for (const root of roots) {
    const { status, json } = await client.get(root)
    // An aggregated group whose server is down answers 503.
    if (status === 503) continue
    for (const { name, verbs } of (json['resources'] ?? []) as Entry[]) {
      if (!verbs.includes('list') || name.includes('/')) continue
      const answer = await client.get(`${root}/${name}`, { query: { limit: 1 } })
      expect([root, name, answer.status]).toEqual([root, name, 200])
      expect(answer.json).toHaveProperty('metadata.resourceVersion')
    }
  }
})

test('aggregated discovery tells all of it in two requests', async () => {
  const accept =
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'
  for (const root of ['/api', '/apis']) {
    const { status, json, headers } = await client.get(root, { accept })
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/g=apidiscovery.k8s.io;v=v2(beta1)?;as=APIGroupDiscoveryList/)
    expect(json.kind).toBe('APIGroupDiscoveryList')
  }
  const core = ok(await client.get('/api', { accept })).items[0]
  const [version] = core?.['versions'] as { version: string; resources: Record<string, unknown>[] }[]
  expect(version).toMatchObject({ version: 'v1', freshness: 'Current' })
  const namespaces = version?.resources.find(({ resource }) => resource === 'namespaces')
  expect(namespaces).toMatchObject({
    responseKind: { kind: 'Namespace' },
    scope: 'Cluster',
    singularResource: 'namespace',
    subresources: expect.arrayContaining([expect.objectContaining({ subresource: 'status' })]),
  })
})

test('discovery answers 304 to whoever knows its ETag', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const first = await client.get('/apis', { accept })
  const etag = first.headers.etag
  expect(etag).toBeTruthy()
  const second = await client.get('/apis', { accept, headers: { 'if-none-match': String(etag) } })
  expect([second.status, second.text]).toEqual([304, ''])
})

test('OpenAPI v3 has an index with hashes, and a document per group version', async () => {
  const index = ok(await client.get('/openapi/v3'))
  const paths = index['paths'] as Record<string, { serverRelativeURL: string }>
  const url = paths['api/v1']?.serverRelativeURL
  expect(url).toMatch(/^\/openapi\/v3\/api\/v1\?hash=/)
  const answer = await client.get(String(url))
  const document = ok(answer)
  expect(document['openapi']).toMatch(/^3\./)
  expect(Object.keys(document['paths'] as object)).toContain('/api/v1/namespaces/{namespace}/configmaps/{name}')
  const { schemas } = document['components'] as { schemas: Record<string, Record<string, unknown>> }
  expect(schemas['io.k8s.api.core.v1.ConfigMap']).toMatchObject({
    type: 'object',
    properties: { data: { type: 'object' } },
    'x-kubernetes-group-version-kind': [{ group: '', kind: 'ConfigMap', version: 'v1' }],
  })
})

test('OpenAPI v2 describes the same in one document', async () => {
  const document = ok(await client.get('/openapi/v2'))
  expect(document['swagger']).toBe('2.0')
  expect(Object.keys(document['definitions'] as object)).toContain('io.k8s.api.core.v1.ConfigMap')
  expect(Object.keys(document['paths'] as object)).toContain('/api/v1/namespaces/{namespace}/configmaps/{name}')
})

test('what is not served is a 404', async () => {
  for (const path of ['/apis/nowhere.example.com/v1', '/apis/nowhere.example.com', '/api/v9', '/nothing/of/the/kind']) {
    expect([path, (await client.get(path)).status]).toEqual([path, 404])
  }
})
