import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { definition, definitions } from '../testing/custom-kind'
import {
  configMap,
  configMaps,
  instanceReference,
  startTestServer,
  type TestServer,
  virtualMachine,
  virtualMachines,
} from '../testing/start-test-server'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ caCertificate: 'PEM' })
})
afterAll(() => server.close())

const message = (answer: { json: Record<string, unknown> }) => answer.json['message']

let number = 0
let name: string
beforeEach(() => {
  name = `x${number++}`
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
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const kind = definition([{ spec: open, status: open }])
    await server.call('POST', definitions, { body: kind })
    const widgets = `/apis/example.com/v1/namespaces/default/${kind.spec.names.plural}`
    const body = { apiVersion: 'example.com/v1', kind: kind.spec.names.kind, metadata: { name } }
    const created = await server.call('POST', widgets, { body: { ...body, status: { phase: 'Pending' } } })
    expect(created.json['status']).toEqual({ phase: 'Pending' })
    const updated = await server.call('PUT', `${widgets}/${name}`, {
      body: { ...created.json, status: { phase: 'Running' } },
    })
    expect(updated.json['status']).toEqual({ phase: 'Running' })
    expect((await server.call('PUT', `${widgets}/${name}/status`, { body: created.json })).status).toBe(404)
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
    const owner = await instanceReference(server, name)
    await server.call('POST', pods, {
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name, ownerReferences: [owner] }, spec },
    })
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
