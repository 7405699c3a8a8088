import { expect, test } from 'vitest'
import { configMap, failure, ok, randomName, useApi } from './support/suite'

/** Kubernetes API conventions: the shape of failures. */
const api = useApi('errors')
const { client } = api
const maps = api.in('configmaps')

test('what is missing is not found, by name and kind', async () => {
  const { status, json, headers } = await client.get(`${maps}/missing`)
  expect(status).toBe(404)
  expect(headers['content-type']).toMatch(/^application\/json/)
  expect(json).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'configmaps "missing" not found',
    reason: 'NotFound',
    details: { name: 'missing', kind: 'configmaps' },
    code: 404,
  })
})

test('a kind of a group is named with it', async () => {
  const { json } = await client.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/missing.example.com')
  expect(json).toMatchObject({
    message: 'customresourcedefinitions.apiextensions.k8s.io "missing.example.com" not found',
    details: { group: 'apiextensions.k8s.io', kind: 'customresourcedefinitions' },
  })
})

test('a method that a path does not have is not allowed', async () => {
  const put = await client.call('PUT', maps, { body: configMap('x') })
  expect(put.status).toBe(405)
  expect(put.json).toMatchObject(failure(405, 'MethodNotAllowed'))
  const everywhere = await client.create('/api/v1/configmaps', configMap('x'))
  expect(everywhere.status).toBe(405)
  ok(await client.create(maps, configMap('there')))
  expect((await client.create(`${maps}/there`, configMap('there'))).status).toBe(405)
})

test('a body that does not parse is a bad request', async () => {
  for (const [type, body] of [
    ['application/json', '{"kind":'],
    ['application/yaml', 'a: [b'],
    ['application/json', '[]'],
    ['application/json', '"text"'],
  ] as const) {
    const { status, json } = await client.create(maps, body, { type })
    expect([body, status]).toEqual([body, 400])
    expect(json).toMatchObject(failure(400, 'BadRequest'))
  }
})

test('fields of another type than theirs are a bad request', async () => {
  const { status, json } = await client.create(maps, { ...configMap(randomName('x')), data: { a: 1 } })
  expect(status).toBe(400)
  expect(json.message).toMatch(/cannot unmarshal number into Go struct field ConfigMap\.data of type string/)
})

test('an object that is too large is refused', async () => {
  const large = await client.create(maps, configMap(randomName('x'), { a: 'x'.repeat(4 * 1024 * 1024) }))
  expect(large.status).toBe(413)
  expect(large.json).toMatchObject(failure(413, 'RequestEntityTooLarge'))
  const map = await client.create(maps, configMap(randomName('x'), { a: 'x'.repeat(1_100_000) }))
  expect(map.status).toBe(422)
  expect(map.json.message).toContain('Too long: may not be more than 1048576 bytes')
})

test('several mistakes are told together', async () => {
  const { status, json } = await client.create(maps, configMap('Bad_Name', { 'bad key': '1', 'worse key': '2' }))
  expect(status).toBe(422)
  expect(json.details?.causes?.map(({ field }) => field).sort()).toEqual([
    'data[bad key]',
    'data[worse key]',
    'metadata.name',
  ])
  expect(json.message).toMatch(/^ConfigMap "Bad_Name" is invalid: \[.*, .*, .*\]$/)
})

test('secrets are checked by their type', async () => {
  const { status, json } = await client.create(api.in('secrets'), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: randomName('tls') },
    type: 'kubernetes.io/tls',
  })
  expect(status).toBe(422)
  expect(json.details?.causes?.map(({ field }) => field).sort()).toEqual(['data[tls.crt]', 'data[tls.key]'])
})

test('a connection survives a failed request', async () => {
  for (let time = 0; time < 5; time++) {
    expect((await client.get(`${maps}/missing`)).status).toBe(404)
    expect((await client.get(maps)).status).toBe(200)
  }
})
