import { expect, test } from 'vitest'
import { configMap, failure, managed, ok, randomName, useApi } from './support/suite'

/** Kubernetes API concepts: creating objects, generated names, dry runs and field validation. */
const api = useApi('create')
const { client } = api
const maps = api.in('configmaps')

test('a created object comes back with what the server sets', async () => {
  const name = randomName('made')
  const answer = await client.create(maps, configMap(name, { a: '1' }, { app: 'x' }))
  expect(answer.status).toBe(201)
  expect(answer.json).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } })
  expect(answer.json.metadata).toMatchObject({ name, namespace: api.namespace, labels: { app: 'x' } })
  expect(answer.json.metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(answer.json.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(answer.json.metadata.resourceVersion).not.toBe('')
  expect(ok(await client.get(`${maps}/${name}`))).toEqual(answer.json)
})

test('who created an object owns its fields', async () => {
  const name = randomName('owned')
  const made = ok(
    await client.create(maps, configMap(name, { a: '1' }, { app: 'x' }), { query: { fieldManager: 'first' } }),
  )
  expect(managed(made, 'first')).toMatchObject({
    operation: 'Update',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:data': { '.': {}, 'f:a': {} },
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    },
  })
})

test('without a field manager the user agent names one', async () => {
  const made = ok(await client.create(maps, configMap(randomName('agent'), { a: '1' })))
  expect(managed(made, 'api-suite')).toMatchObject({ operation: 'Update' })
})

test('generateName makes names that differ', async () => {
  const generated = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }
  const names = await Promise.all([1, 2, 3].map(async () => ok(await client.create(maps, generated)).metadata.name))
  for (const name of names) expect(name).toMatch(/^gen-[a-z0-9]{5}$/)
  expect(new Set(names).size).toBe(3)
})

test('a name that is taken is a conflict', async () => {
  const name = randomName('twice')
  ok(await client.create(maps, configMap(name)))
  const { status, json } = await client.create(maps, configMap(name))
  expect(status).toBe(409)
  expect(json).toMatchObject({
    ...failure(409, 'AlreadyExists'),
    message: `configmaps "${name}" already exists`,
    details: { name, kind: 'configmaps' },
  })
})

test('names must be DNS subdomains', async () => {
  const { status, json } = await client.create(maps, configMap('Not_A_Name'))
  expect(status).toBe(422)
  expect(json).toMatchObject({
    ...failure(422, 'Invalid'),
    details: { kind: 'ConfigMap', causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }] },
  })
  expect(json.message).toContain('a lowercase RFC 1123 subdomain must consist of')
  const unnamed = await client.create(maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })
  expect(unnamed.status).toBe(422)
  expect(unnamed.json.message).toContain('name or generateName is required')
})

test('labels and annotations are checked', async () => {
  const bad = await client.create(maps, configMap(randomName('labels'), {}, { 'not a key': 'x' }))
  expect(bad.status).toBe(422)
  expect(bad.json.details?.causes?.[0]).toMatchObject({ field: 'metadata.labels' })
})

test('a namespace that is missing is not found', async () => {
  const { status, json } = await client.create('/api/v1/namespaces/nowhere-at-all/configmaps', configMap('x'))
  expect(status).toBe(404)
  expect(json).toMatchObject({ ...failure(404, 'NotFound'), message: 'namespaces "nowhere-at-all" not found' })
})

test('the path decides about namespace and kind', async () => {
  const elsewhere = configMap(randomName('elsewhere'))
  const other = await client.create(maps, { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'default' } })
  expect(other.status).toBe(400)
  expect(other.json.message).toBe(
    'the namespace of the provided object does not match the namespace sent on the request',
  )
  const kind = await client.create(maps, { ...configMap('x'), kind: 'Secret' })
  expect(kind.status).toBe(400)
  const version = await client.create(maps, { ...configMap('x'), apiVersion: 'v9' })
  expect(version.status).toBe(400)
})

test('a dry run validates, defaults and stores nothing', async () => {
  const name = randomName('dry')
  const answer = await client.create(maps, configMap(name, { a: '1' }), { query: { dryRun: 'All' } })
  expect(answer.status).toBe(201)
  expect(answer.json.metadata.uid).toBeTruthy()
  expect(answer.json.metadata.resourceVersion ?? '').toBe('')
  expect((await client.get(`${maps}/${name}`)).status).toBe(404)
  const invalid = await client.create(maps, configMap('Not_A_Name'), { query: { dryRun: 'All' } })
  expect(invalid.status).toBe(422)
  const unknown = await client.create(maps, configMap(name), { query: { dryRun: 'Some' } })
  expect(unknown.status).toBe(422)
})

test('repeated keys in YAML are told as field validation asks, and the last one counts', async () => {
  const name = randomName('x')
  const text = [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    `  name: ${name}`,
    'data:',
    '  a: "1"',
    '  a: "2"',
    'data:',
    '  b: "3"',
    '  b: "4"',
  ].join('\n')
  const send = (fieldValidation: string) =>
    client.create(maps, text, { type: 'application/yaml', query: { fieldValidation } })
  const words = ['line 7: key "a"', 'line 10: key "b"', 'line 9: key "data"'].map(
    (start) => `${start} already set in map`,
  )
  const strict = await send('Strict')
  expect(strict.status).toBe(400)
  expect(strict.json.message).toContain(
    `strict decoding error: yaml: unmarshal errors:\n${words.map((line) => `  ${line}`).join('\n')}`,
  )
  const warned = await send('Warn')
  expect(warned.warnings).toEqual(words)
  expect(ok(warned).data).toEqual({ b: '4' })
  const apply = (fieldValidation: string) =>
    client.apply(`${maps}/${name}`, text, { fieldManager: 'suite', force: true, fieldValidation })
  expect((await apply('Strict')).json.message).toBe(
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n${words.map((line) => `  ${line}`).join('\n')}`,
  )
  expect((await apply('Warn')).warnings).toEqual(words)
  expect((await apply('Ignore')).warnings).toEqual([])
})

test('strict field validation refuses unknown and duplicate fields', async () => {
  const name = randomName('strict')
  const strict = { query: { fieldValidation: 'Strict' } }
  const unknown = await client.create(maps, { ...configMap(name), surprise: 1 }, strict)
  expect(unknown.status).toBe(400)
  expect(unknown.json).toMatchObject(failure(400, 'BadRequest'))
  expect(unknown.json.message).toContain('strict decoding error: unknown field "surprise"')
  const twice = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"a":"1","a":"2"}}`
  const duplicate = await client.create(maps, twice, strict)
  expect(duplicate.status).toBe(400)
  expect(duplicate.json.message).toContain('strict decoding error: duplicate field "data.a"')
  expect((await client.get(`${maps}/${name}`)).status).toBe(404)
})

test('by default unknown fields are dropped with a warning', async () => {
  const name = randomName('warn')
  const answer = await client.create(maps, { ...configMap(name), surprise: 1 }, { query: { fieldValidation: 'Warn' } })
  expect(answer.status).toBe(201)
  expect(answer.warnings).toEqual(['unknown field "surprise"'])
  expect(answer.json).not.toHaveProperty('surprise')
  const byDefault = await client.create(maps, { ...configMap(randomName('warn')), surprise: 1 })
  expect([byDefault.status, byDefault.warnings]).toEqual([201, ['unknown field "surprise"']])
})

test('fields can be dropped without a word', async () => {
  const answer = await client.create(
    maps,
    { ...configMap(randomName('ignore')), surprise: 1 },
    { query: { fieldValidation: 'Ignore' } },
  )
  expect([answer.status, answer.warnings]).toEqual([201, []])
  expect(answer.json).not.toHaveProperty('surprise')
})

test('an unknown kind of field validation is refused', async () => {
  const { status } = await client.create(maps, configMap(randomName('x')), { query: { fieldValidation: 'Loudly' } })
  expect(status).toBe(422)
})

test('what the server owns cannot be set', async () => {
  const name = randomName('own')
  const made = ok(
    await client.create(maps, {
      ...configMap(name),
      metadata: { name, uid: '11111111-1111-1111-1111-111111111111', creationTimestamp: '2001-01-01T00:00:00Z' },
    }),
  )
  expect(made.metadata.uid).not.toBe('11111111-1111-1111-1111-111111111111')
  expect(made.metadata.creationTimestamp).not.toMatch(/^2001/)
  const versioned = await client.create(maps, {
    ...configMap(randomName('own')),
    metadata: { name: randomName('own'), resourceVersion: '5' },
  })
  expect(versioned.status).toBe(500)
  expect(versioned.json.message).toContain('resourceVersion should not be set on objects to be created')
})
