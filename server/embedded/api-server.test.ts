import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  adminToken,
  configMap,
  configMaps,
  consoleToken,
  startTestServer,
  strangerToken,
  type TestServer,
  virtualMachines,
} from './testing/start-test-server'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ caCertificate: 'PEM' })
  writeFileSync(path.join(server.directory, 'file.bin'), '0123456789')
})
afterAll(() => server.close())

const message = (answer: { json: Record<string, unknown> }) => answer.json['message']

let number = 0
let name: string
beforeEach(() => {
  name = `x${number++}`
})

describe('identity', () => {
  test('health, version and nothing else answer without a token', async () => {
    for (const target of ['/healthz', '/readyz', '/livez', '/version']) {
      expect((await server.call('GET', target, { token: '' })).status).toBe(200)
    }
    for (const target of ['/', '/api', '/apis', '/openapi/v3', '/openid/v1/jwks']) {
      const answer = await server.call('GET', target, { token: '' })
      expect(message(answer)).toBe(`forbidden: User "system:anonymous" cannot get path "${target}"`)
      expect(answer.status).toBe(403)
    }
    expect(message(await server.call('GET', configMaps, { token: '' }))).toBe(
      'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    )
  })

  test('a token that nobody has is refused everywhere', async () => {
    for (const target of ['/version', '/api', configMaps]) {
      const answer = await server.call('GET', target, { token: 'made-up' })
      expect(answer.json).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      })
    }
  })

  test('a stranger reads discovery and is refused the rest in the known words', async () => {
    const call = (method: string, target: string, body?: unknown) =>
      server.call(method, target, { token: strangerToken, ...(body === undefined ? {} : { body }) })
    expect((await call('GET', '/apis')).status).toBe(200)
    expect(message(await call('GET', `${virtualMachines}/x`))).toBe(
      'virtualmachines.kubevirt.io "x" is forbidden: User "stranger" cannot get resource "virtualmachines" in API group "kubevirt.io" in the namespace "default"',
    )
    expect(message(await call('GET', '/api/v1/nodes'))).toBe(
      'nodes is forbidden: User "stranger" cannot list resource "nodes" in API group "" at the cluster scope',
    )
    expect(message(await call('GET', '/metrics'))).toBe('forbidden: User "stranger" cannot get path "/metrics"')
    expect((await call('POST', configMaps, configMap(name))).status).toBe(403)
  })

  test('impersonation gives the rights of whom one speaks for, to those who may', async () => {
    const headers = { 'Impersonate-User': 'anna', 'Impersonate-Group': 'system:masters' }
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const target = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const allowed = await server.call('POST', target, { token: consoleToken, headers, body: review })
    expect(allowed.json['status']).toEqual({
      userInfo: { username: 'anna', groups: ['system:masters', 'system:authenticated'] },
    })
    expect((await server.call('GET', configMaps, { token: consoleToken })).status).toBe(403)
    expect((await server.call('GET', configMaps, { token: consoleToken, headers })).status).toBe(200)
    const refused = await server.call('GET', configMaps, { token: strangerToken, headers })
    expect(message(refused)).toBe(
      'users "anna" is forbidden: User "stranger" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
  })

  test('access reviews answer for oneself', async () => {
    const ask = async (token: string, resource: string) => {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'create', group: 'kubevirt.io', resource, namespace: 'default' } },
      }
      const answer = await server.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        token,
        body,
      })
      expect(answer.status).toBe(201)
      return answer.json['status']
    }
    expect(await ask(adminToken, 'virtualmachines')).toEqual({ allowed: true })
    expect(await ask(strangerToken, 'virtualmachines')).toEqual({ allowed: false })
  })
})

describe('custom kinds', () => {
  const definition = (group: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      versions: ['v1', 'v1beta1'].map((version) => ({
        name: version,
        served: true,
        storage: version === 'v1',
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
      })),
    },
  })
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

  test('are served the moment their definition is, in all versions, and go with it', async () => {
    const group = `${name}.example.com`
    const created = await server.call('POST', definitions, { body: definition(group) })
    expect(created.status).toBe(201)
    expect(created.json['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      storedVersions: ['v1'],
    })
    const at = `/apis/${group}/v1beta1/namespaces/default/widgets`
    const widget = {
      apiVersion: `${group}/v1beta1`,
      kind: 'Widget',
      metadata: { name: 'w', finalizers: ['a.b/c'] },
      spec: { size: 3 },
    }
    expect((await server.call('POST', at, { body: widget })).json['apiVersion']).toBe(`${group}/v1beta1`)
    expect((await server.call('GET', `/apis/${group}/v1`)).json['resources']).toMatchObject([
      { name: 'widgets', shortNames: ['wd'] },
    ])
    const table = await server.call('GET', at.replace('v1beta1', 'v1'), {
      headers: { Accept: 'application/json;as=Table' },
    })
    expect(table.json['rows']).toMatchObject([{ cells: ['w', 3] }])

    await server.call('DELETE', `${definitions}/widgets.${group}`)
    await expect
      .poll(async () => (await server.call('GET', `${at}/w`)).json.metadata['deletionTimestamp'], { timeout: 10_000 })
      .toBeDefined()
    expect((await server.call('POST', at, { body: { ...widget, metadata: { name: 'v' } } })).status).toBe(405)
    await server.call('PATCH', `${at}/w`, {
      body: { metadata: { finalizers: null } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    await expect
      .poll(async () => (await server.call('GET', `${definitions}/widgets.${group}`)).status, { timeout: 10_000 })
      .toBe(404)
    expect((await server.call('GET', at)).status).toBe(404)
  })

  test('a definition under another name is refused', async () => {
    const wrong = { ...definition('example.org'), metadata: { name: 'other.example.org' } }
    expect(message(await server.call('POST', definitions, { body: wrong }))).toMatch(
      /must be spec.names.plural\+"."\+spec.group/,
    )
  })
})

describe('besides objects', () => {
  test('discovery tells the same story in its three forms', async () => {
    const names = async (accept: string) => {
      const answer = await server.call('GET', '/apis', { headers: { Accept: accept } })
      return { type: answer.headers['content-type'], json: JSON.parse(answer.text) }
    }
    const legacy = await names('application/json')
    for (const version of ['v2', 'v2beta1']) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
      const aggregated = await names(`${accept},application/json`)
      expect(aggregated.type).toBe(accept)
      const groups = aggregated.json.items.map((item: { metadata: { name: string } }) => item.metadata.name)
      expect(groups).toEqual(legacy.json.groups.map((group: { name: string }) => group.name))
    }
    const kubevirt = await server.call('GET', '/apis/kubevirt.io')
    expect(kubevirt.json['preferredVersion']).toEqual({ groupVersion: 'kubevirt.io/v1', version: 'v1' })
  })

  test('kinds of containers are found, and refused with the reason', async () => {
    const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const spec = { selector: { matchLabels: { a: 'b' } }, template: pod }
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', spec, metadata: { name } }
    const answer = await server.call('POST', '/apis/apps/v1/namespaces/default/deployments', { body })
    expect(answer.json).toMatchObject({
      code: 403,
      message: expect.stringMatching(/^deployments.apps ".+" is forbidden: this cluster runs no containers$/),
    })
  })

  test('methods that make no sense are refused', async () => {
    expect((await server.call('POST', `${configMaps}/x`, { body: configMap('x') })).status).toBe(405)
    expect((await server.call('DELETE', '/api/v1/configmaps')).status).toBe(405)
    expect((await server.call('PUT', '/api', { body: {} })).status).toBe(405)
    expect((await server.call('GET', '/api/v1/namespaces/default/%zz')).status).toBe(400)
  })

  test('files are served with byte ranges and without a token', async () => {
    const files = await startTestServer({ staticFiles: { '/images/a.bin': path.join(server.directory, 'file.bin') } })
    try {
      const get = (headers: Record<string, string>) => files.call('GET', '/images/a.bin', { token: '', headers })
      expect((await get({})).text).toBe('0123456789')
      const part = await get({ Range: 'bytes=2-4' })
      expect([part.status, part.text, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10'])
      expect((await get({ Range: 'bytes=-3' })).text).toBe('789')
      expect((await get({ Range: 'bytes=20-' })).status).toBe(416)
    } finally {
      await files.close()
    }
  })
})
