import { gunzipSync } from 'node:zlib'
import http from 'node:http'
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
  virtualMachine,
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
    for (const target of ['/', '/api', '/apis', '/openapi/v3', configMaps]) {
      const answer = await server.call('GET', target, { token: '' })
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

describe('create and read', () => {
  test('fills in what is the server’s to say', async () => {
    const created = await server.call('POST', virtualMachines, { body: virtualMachine(name) })
    expect(created.status).toBe(201)
    expect(created.json.metadata).toMatchObject({ name, namespace: 'default', generation: 1 })
    expect(created.json.metadata['uid']).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.json.metadata['creationTimestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(created.json['status']).toBeUndefined()
    const read = await server.call('GET', `${virtualMachines}/${name}`)
    expect(read.text).toBe(created.text)
  })

  test('the same object under an older version differs in apiVersion only, with a warning', async () => {
    await server.call('POST', virtualMachines, { body: virtualMachine(name) })
    const old = await server.call('GET', `${virtualMachines.replace('/v1/', '/v1alpha3/')}/${name}`)
    const now = await server.call('GET', `${virtualMachines}/${name}`)
    expect(old.json).toEqual({ ...now.json, apiVersion: 'kubevirt.io/v1alpha3' })
    expect(old.headers['warning']).toBe(
      '299 - "kubevirt.io/v1alpha3 VirtualMachine is deprecated; use kubevirt.io/v1 VirtualMachine"',
    )
  })

  test('generateName finds a free name', async () => {
    const body = { ...configMap(''), metadata: { generateName: 'gen-' } }
    const names = await Promise.all(
      [1, 2, 3].map(async () => (await server.call('POST', configMaps, { body })).json.metadata['name']),
    )
    expect(new Set(names).size).toBe(3)
    expect(names[0]).toMatch(/^gen-[a-z0-9]{5}$/)
  })

  test('dryRun answers as if, and stores nothing', async () => {
    const answer = await server.call('POST', `${configMaps}?dryRun=All`, { body: configMap(name) })
    expect(answer.status).toBe(201)
    expect(answer.json.metadata['resourceVersion']).toBeUndefined()
    expect((await server.call('GET', `${configMaps}/${name}`)).status).toBe(404)
  })

  test.each<[string, unknown, number, string | RegExp]>([
    [
      'an object that is there',
      { ...configMap('kube-root-ca.crt') },
      409,
      'configmaps "kube-root-ca.crt" already exists',
    ],
    ['no kind', { apiVersion: 'v1' }, 400, /^Object 'Kind' is missing in/],
    [
      'another version',
      { ...configMap('x'), apiVersion: 'v2' },
      400,
      'the API version in the data (v2) does not match the expected API version (v1)',
    ],
    [
      'another kind',
      { ...configMap('x'), kind: 'Secret' },
      400,
      'Secret in version "v1" cannot be handled as a ConfigMap',
    ],
    [
      'another namespace',
      { ...configMap('x'), metadata: { name: 'x', namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'no name',
      { ...configMap(''), metadata: {} },
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'a bad name',
      configMap('Bad'),
      422,
      /^ConfigMap "Bad" is invalid: metadata.name: Invalid value: "Bad": a lowercase RFC 1123 subdomain must/,
    ],
    ['a bad label', configMap('x', {}, { a: 'b c' }), 422, /metadata.labels: Invalid value: "b c": a valid label must/],
    [
      'a bad key',
      configMap('x', { 'a/b': '' }),
      422,
      /data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist/,
    ],
    ['broken JSON', '{"a":', 400, /json parse error/],
    [
      'the prototype’s name',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"__proto__":"y"}}',
      400,
      /__proto__/,
    ],
  ])('refuses %s', async (_what, body, status, words) => {
    const answer = await server.call('POST', configMaps, { body })
    expect({ status: answer.status, message: message(answer) }).toEqual({
      status,
      message: typeof words === 'string' ? words : expect.stringMatching(words),
    })
    expect(answer.json['code']).toBe(status)
  })

  test('refuses a missing namespace, a missing object and a missing resource', async () => {
    const there = await server.call('POST', '/api/v1/namespaces/nowhere/configmaps', { body: configMap('x') })
    expect(there.json).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' })
    const missing = await server.call('GET', `${virtualMachines}/nosuch`)
    expect(missing.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'virtualmachines.kubevirt.io "nosuch" not found',
      reason: 'NotFound',
      details: { name: 'nosuch', group: 'kubevirt.io', kind: 'virtualmachines' },
      code: 404,
    })
    expect(message(await server.call('GET', '/apis/kubevirt.io/v9/virtualmachines'))).toBe(
      'the server could not find the requested resource',
    )
  })

  test('refuses bodies that are too large or nested too deeply, and goes on', async () => {
    const large = await server.call('POST', configMaps, { body: configMap('x', { a: 'x'.repeat(4_000_000) }) })
    expect(large.status).toBe(413)
    const deep = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":${'['.repeat(5000)}${']'.repeat(5000)}}`
    expect(message(await server.call('POST', configMaps, { body: deep }))).toMatch(/nested deeper/)
    expect((await server.call('GET', configMaps)).status).toBe(200)
  })

  test('takes and gives YAML', async () => {
    const body = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {answer: "no"}\n`
    const created = await server.call('POST', configMaps, {
      body,
      headers: { 'Content-Type': 'application/yaml', Accept: 'application/yaml' },
    })
    expect(created.status).toBe(201)
    expect(created.headers['content-type']).toBe('application/yaml')
    expect(created.text).toContain('answer: "no"')
  })

  test('answers 406 to those who take only protobuf and 415 to unknown bodies', async () => {
    const only = await server.call('GET', configMaps, { headers: { Accept: 'application/vnd.kubernetes.protobuf' } })
    expect(only.status).toBe(406)
    const both = await server.call('GET', configMaps, {
      headers: { Accept: 'application/vnd.kubernetes.protobuf,application/json' },
    })
    expect(both.json['kind']).toBe('ConfigMapList')
    const cbor = await server.call('POST', configMaps, { body: 'x', headers: { 'Content-Type': 'application/cbor' } })
    expect(cbor.status).toBe(415)
  })

  test('large answers are compressed for those who can take it', async () => {
    await server.call('POST', configMaps, { body: configMap(name, { a: 'x'.repeat(200_000) }) })
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${adminToken}`, 'Accept-Encoding': 'gzip' }
      http
        .get(`${server.url}${configMaps}/${name}`, { headers }, (response) => {
          expect(response.headers['content-encoding']).toBe('gzip')
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)))
        })
        .on('error', reject)
    })
    expect(JSON.parse(gunzipSync(bytes).toString()).data.a).toHaveLength(200_000)
    await server.call('DELETE', `${configMaps}/${name}`)
  })
})

describe('update and patch', () => {
  const at = () => `${virtualMachines}/${name}`
  beforeEach(async () => {
    await server.call('POST', virtualMachines, { body: virtualMachine(name) })
  })

  test('an update of an old version is refused, and a no-op writes nothing', async () => {
    const first = (await server.call('GET', at())).json
    const same = await server.call('PUT', at(), { body: first })
    expect(same.json.metadata['resourceVersion']).toBe(first.metadata['resourceVersion'])
    const spec = { ...(first['spec'] as object), runStrategy: 'Manual' }
    const second = await server.call('PUT', at(), { body: { ...first, spec } })
    expect(second.json.metadata).toMatchObject({ generation: 2, uid: first.metadata['uid'] })
    const stale = await server.call('PUT', at(), { body: first })
    expect(stale.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on virtualmachines.kubevirt.io "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    })
    const blind = await server.call('PUT', at(), { body: virtualMachine(name) })
    expect(message(blind)).toBe(
      `VirtualMachine.kubevirt.io "${name}" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update`,
    )
  })

  test('status and the rest are written apart, and only the rest counts as a generation', async () => {
    const object = (await server.call('GET', at())).json
    const status = await server.call('PUT', `${at()}/status`, {
      body: { ...object, spec: { runStrategy: 'Once' }, status: { ready: true } },
    })
    expect(status.json).toMatchObject({ status: { ready: true }, spec: object['spec'], metadata: { generation: 1 } })
    const main = await server.call('PATCH', at(), {
      body: { status: { ready: false }, metadata: { labels: { a: 'b' } } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(main.json).toMatchObject({ status: { ready: true }, metadata: { generation: 1, labels: { a: 'b' } } })
  })

  test('a kind without status subresource writes status with the rest', async () => {
    const instances = virtualMachines.replace('virtualmachines', 'virtualmachineinstances')
    const { template } = virtualMachine(name).spec as { template: { spec: object } }
    const body = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: { name },
      spec: template.spec,
    }
    const created = await server.call('POST', instances, { body })
    expect(created.json['status']).toEqual({ phase: 'Pending' })
    const updated = await server.call('PUT', `${instances}/${name}`, {
      body: { ...created.json, status: { phase: 'Running' } },
    })
    expect(updated.json['status']).toEqual({ phase: 'Running' })
    expect((await server.call('PUT', `${instances}/${name}/status`, { body: created.json })).status).toBe(404)
  })

  test('JSON patches apply whole or not at all', async () => {
    const patch = (body: unknown) =>
      server.call('PATCH', at(), { body, headers: { 'Content-Type': 'application/json-patch+json' } })
    const done = await patch([
      { op: 'test', path: '/spec/runStrategy', value: 'Halted' },
      { op: 'replace', path: '/spec/runStrategy', value: 'Always' },
    ])
    expect(done.json['spec']).toMatchObject({ runStrategy: 'Always' })
    const failed = await patch([
      { op: 'test', path: '/spec/runStrategy', value: 'Halted' },
      { op: 'replace', path: '/spec/runStrategy', value: 'Manual' },
    ])
    expect(failed.json).toMatchObject({
      code: 422,
      message: 'the server rejected our request due to an error in our request',
    })
    expect((await server.call('GET', at())).json['spec']).toMatchObject({ runStrategy: 'Always' })
    expect((await patch({ a: 1 })).status).toBe(400)
  })

  test('a merge patch with an old resourceVersion is refused', async () => {
    const answer = await server.call('PATCH', at(), {
      body: { metadata: { resourceVersion: '1', labels: { a: 'b' } } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(answer.status).toBe(409)
  })

  test('custom kinds know no strategic merge, core kinds do', async () => {
    const headers = { 'Content-Type': 'application/strategic-merge-patch+json' }
    expect((await server.call('PATCH', at(), { body: {}, headers })).status).toBe(415)
    await server.call('POST', configMaps, { body: configMap(name, { a: '1', b: '2' }) })
    const patched = await server.call('PATCH', `${configMaps}/${name}`, {
      body: { data: { a: null, c: '3' } },
      headers,
    })
    expect(patched.json['data']).toEqual({ b: '2', c: '3' })
  })

  test('what names an object cannot be changed', async () => {
    const headers = { 'Content-Type': 'application/merge-patch+json' }
    const renamed = await server.call('PATCH', at(), { body: { metadata: { name: 'other' } }, headers })
    expect(message(renamed)).toBe(`the name of the object (other) does not match the name on the URL (${name})`)
    const uid = await server.call('PATCH', at(), { body: { metadata: { uid: 'other' } }, headers })
    expect(message(uid)).toMatch(/Precondition failed: UID in precondition: other, UID in object meta:/)
  })

  test('secrets fold stringData, keep their type and can be closed for changes', async () => {
    const secrets = '/api/v1/namespaces/default/secrets'
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { a: 'b' }, immutable: true }
    const created = await server.call('POST', secrets, { body })
    expect(created.json).toMatchObject({ data: { a: 'Yg==' }, type: 'Opaque' })
    expect(created.json['stringData']).toBeUndefined()
    const changed = await server.call('PUT', `${secrets}/${name}`, {
      body: { ...created.json, type: 'other', data: { a: 'Yw==' } },
    })
    expect(message(changed)).toBe(
      `Secret "${name}" is invalid: [type: Invalid value: "other": field is immutable, data: Forbidden: field is immutable when \`immutable\` is set]`,
    )
  })
})

describe('delete', () => {
  const put = (metadata: object = {}) =>
    server.call('POST', configMaps, { body: { ...configMap(name), metadata: { name, ...metadata } } })
  const at = () => `${configMaps}/${name}`

  test('answers with a Status that names what is gone', async () => {
    const created = await put()
    const deleted = await server.call('DELETE', at())
    expect(deleted.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, kind: 'configmaps', uid: created.json.metadata['uid'] },
    })
    expect((await server.call('GET', at())).status).toBe(404)
  })

  test('waits for finalizers, refuses new ones, and ends with the last', async () => {
    await put({ finalizers: ['a.example/one'] })
    const deleted = await server.call('DELETE', at())
    expect(deleted.json.metadata['deletionTimestamp']).toBeDefined()
    const headers = { 'Content-Type': 'application/merge-patch+json' }
    const added = await server.call('PATCH', at(), {
      body: { metadata: { finalizers: ['a.example/one', 'b.example/two'] } },
      headers,
    })
    expect(message(added)).toMatch(
      /no new finalizers can be added if the object is being deleted, found new finalizers \[\]string{"b.example\/two"}/,
    )
    await server.call('PATCH', at(), { body: { metadata: { finalizers: null } }, headers })
    expect((await server.call('GET', at())).status).toBe(404)
  })

  test('records how dependents go', async () => {
    await put()
    const deleted = await server.call('DELETE', `${at()}?propagationPolicy=Foreground`)
    expect(deleted.json.metadata['finalizers']).toEqual(['foregroundDeletion'])
  })

  test('holds to preconditions', async () => {
    await put()
    const other = await server.call('DELETE', at(), { body: { preconditions: { uid: 'other' } } })
    expect(other.json).toMatchObject({ code: 409, reason: 'Conflict' })
    expect((await server.call('DELETE', `${at()}?dryRun=All`)).status).toBe(200)
    expect((await server.call('GET', at())).status).toBe(200)
  })

  test('a collection goes by selector', async () => {
    for (const suffix of ['a', 'b', 'c']) {
      const labels = suffix === 'c' ? {} : { group: name }
      await server.call('POST', configMaps, { body: configMap(`${name}-${suffix}`, {}, labels) })
    }
    const gone = await server.call('DELETE', `${configMaps}?labelSelector=group%3D${name}`)
    expect(gone.json.items.map(({ metadata }) => metadata['name'])).toEqual([`${name}-a`, `${name}-b`])
    expect((await server.call('GET', `${configMaps}/${name}-c`)).status).toBe(200)
  })

  test('a pod on a node is told to end and goes when the node says so', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const spec = { nodeName: 'n', terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'i' }] }
    await server.call('POST', pods, { body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec } })
    const told = await server.call('DELETE', `${pods}/${name}`)
    expect(told.json.metadata).toMatchObject({ deletionGracePeriodSeconds: 5 })
    await server.call('DELETE', `${pods}/${name}`, { body: { gracePeriodSeconds: 0 } })
    expect((await server.call('GET', `${pods}/${name}`)).status).toBe(404)
  })

  test('a namespace takes nothing new while it goes, and goes when it is finalized', async () => {
    await server.call('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    })
    const going = await server.call('DELETE', `/api/v1/namespaces/${name}`)
    expect(going.json).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } })
    const refused = await server.call('POST', `/api/v1/namespaces/${name}/configmaps`, { body: configMap('new') })
    expect(refused.json).toMatchObject({
      code: 403,
      message: `configmaps "new" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    })
    await server.call('PUT', `/api/v1/namespaces/${name}/finalize`, {
      body: { ...going.json, spec: { finalizers: [] } },
    })
    expect((await server.call('GET', `/api/v1/namespaces/${name}`)).status).toBe(404)
    expect(message(await server.call('DELETE', '/api/v1/namespaces/default'))).toBe(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    )
  })
})

describe('lists', () => {
  const inNamespace = () => `/api/v1/namespaces/${name}/configmaps`
  beforeEach(async () => {
    await server.call('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    })
    // The certificate's map comes by itself, shortly after.
    await expect.poll(async () => (await server.call('GET', `${inNamespace()}/kube-root-ca.crt`)).status).toBe(200)
    for (let index = 0; index < 7; index++) {
      const labels = index % 2 === 0 ? { even: 'yes' } : {}
      await server.call('POST', inNamespace(), { body: configMap(`c${index}`, {}, labels) })
    }
  })
  const names = (answer: { json: { items: { metadata: Record<string, unknown> }[] } }) =>
    answer.json.items.map(({ metadata }) => metadata['name'])

  test('pages show one snapshot, whatever happens meanwhile', async () => {
    const first = await server.call('GET', `${inNamespace()}?limit=3`)
    expect(names(first)).toEqual(['c0', 'c1', 'c2'])
    expect(first.json.metadata).toMatchObject({ remainingItemCount: 5 })
    await server.call('DELETE', `${inNamespace()}/c4`)
    await server.call('POST', inNamespace(), { body: configMap('c3a') })
    const token = encodeURIComponent(String(first.json.metadata['continue']))
    const second = await server.call('GET', `${inNamespace()}?limit=3&continue=${token}`)
    expect(names(second)).toEqual(['c3', 'c4', 'c5'])
    expect(second.json.metadata['resourceVersion']).toBe(first.json.metadata['resourceVersion'])
    const third = await server.call(
      'GET',
      `${inNamespace()}?continue=${encodeURIComponent(String(second.json.metadata['continue']))}`,
    )
    expect(names(third)).toEqual(['c6', 'kube-root-ca.crt'])
    expect(third.json.metadata['continue']).toBeUndefined()
  })

  test('selectors work with pages, an exact revision shows the past', async () => {
    const selected = await server.call('GET', `${inNamespace()}?labelSelector=even&limit=3`)
    expect(names(selected)).toEqual(['c0', 'c2', 'c4'])
    expect(names(await server.call('GET', `${inNamespace()}?fieldSelector=metadata.name%3Dc5`))).toEqual(['c5'])
    const { resourceVersion } = selected.json.metadata
    await server.call('DELETE', `${inNamespace()}/c0`)
    const past = await server.call(
      'GET',
      `${inNamespace()}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`,
    )
    expect(names(past)).toContain('c0')
  })

  test('a revision that is not there yet, a bad token and a bad selector are refused', async () => {
    const early = await server.call('GET', `${inNamespace()}?resourceVersion=999999999`)
    expect(early.json).toMatchObject({ code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1 } })
    expect((await server.call('GET', `${inNamespace()}?continue=xx`)).status).toBe(400)
    expect(message(await server.call('GET', `${inNamespace()}?fieldSelector=data.a%3Db`))).toBe(
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
    expect((await server.call('GET', `${inNamespace()}?labelSelector=a%20b`)).status).toBe(400)
  })

  test('tables have the columns of kubectl, and metadata can come alone', async () => {
    const table = await server.call('GET', inNamespace(), {
      headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    })
    const columns = table.json['columnDefinitions'] as { name: string }[]
    expect(columns.map((column) => column.name)).toEqual(['Name', 'Data', 'Age'])
    const rows = table.json['rows'] as { cells: unknown[]; object: { kind: string } }[]
    expect(rows[0]?.cells.slice(0, 2)).toEqual(['c0', 0])
    expect(rows[0]?.object.kind).toBe('PartialObjectMetadata')
    const metadata = await server.call('GET', inNamespace(), {
      headers: { Accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
    })
    expect(metadata.json['kind']).toBe('PartialObjectMetadataList')
    expect(metadata.json.items[0]?.['data']).toBeUndefined()
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
      .poll(async () => (await server.call('GET', `${at}/w`)).json.metadata['deletionTimestamp'])
      .toBeDefined()
    expect((await server.call('POST', at, { body: { ...widget, metadata: { name: 'v' } } })).status).toBe(405)
    await server.call('PATCH', `${at}/w`, {
      body: { metadata: { finalizers: null } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    await expect.poll(async () => (await server.call('GET', `${definitions}/widgets.${group}`)).status).toBe(404)
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
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } }
    const answer = await server.call('POST', '/apis/apps/v1/namespaces/default/deployments', { body })
    expect(answer.json).toMatchObject({
      code: 403,
      message: 'deployments.apps is forbidden: this cluster runs no containers',
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
