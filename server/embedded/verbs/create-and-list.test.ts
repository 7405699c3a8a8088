import http from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  adminToken,
  configMap,
  configMaps,
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

describe('lists', () => {
  const inNamespace = () => `/api/v1/namespaces/${name}/configmaps`
  beforeEach(async () => {
    await server.call('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    })
    // The certificate's map comes by itself, shortly after.
    await expect
      .poll(async () => (await server.call('GET', `${inNamespace()}/kube-root-ca.crt`)).status, { timeout: 10_000 })
      .toBe(200)
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
