import { beforeAll, describe, expect, test } from 'vitest'
import { configMap, define, failure, managed, ok, randomName, useApi, widget, widgetDefinition } from './support/suite'

/** Kubernetes documentation, "Server-Side Apply". */
const api = useApi('apply')
const { client } = api
const maps = api.in('configmaps')
const group = `${randomName('g')}.example.com`
const widgets = api.in('widgets', `${group}/v1`)

const element = {
  type: 'object',
  required: ['port'],
  properties: {
    port: { type: 'integer' },
    protocol: { type: 'string', default: 'TCP' },
    note: { type: 'string' },
  },
}
beforeAll(() =>
  define(
    api,
    widgetDefinition({
      group,
      spec: {
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: element,
        },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        steps: { type: 'array', items: { type: 'string' } },
        limits: { type: 'object', additionalProperties: { type: 'string' } },
        place: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          properties: { x: { type: 'integer' }, y: { type: 'integer' } },
        },
      },
    }),
  ),
)

const by = (fieldManager: string, more: Record<string, string | boolean> = {}) => ({ fieldManager, ...more })

describe('a manager', () => {
  test('creates what it applies and owns exactly that', async () => {
    const name = randomName('a')
    const answer = await client.apply(`${maps}/${name}`, configMap(name, { a: '1' }, { app: 'x' }), by('alice'))
    expect(answer.status).toBe(201)
    expect(managed(answer.json, 'alice')).toMatchObject({
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      time: expect.stringMatching(/Z$/),
      fieldsV1: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:app': {} } } },
    })
  })

  test('that applies the same again changes nothing, not even the version', async () => {
    const name = randomName('a')
    const first = ok(await client.apply(`${maps}/${name}`, configMap(name, { a: '1' }), by('alice')))
    const again = await client.apply(`${maps}/${name}`, configMap(name, { a: '1' }), by('alice'))
    expect(again.status).toBe(200)
    expect(again.json).toEqual(first)
  })

  test('must say its name', async () => {
    const name = randomName('a')
    const { status, json } = await client.call('PATCH', `${maps}/${name}`, {
      body: configMap(name),
      type: 'application/apply-patch+yaml',
    })
    expect(status).toBe(422)
    expect(json.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  })

  test('removes what it no longer applies, and leaves what others own', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1', b: '2' }), by('alice')))
    ok(await client.apply(path, configMap(name, { c: '3' }), by('bob')))
    const left = ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
    expect(left.data).toEqual({ a: '1', c: '3' })
  })

  test('may write YAML', async () => {
    const name = randomName('a')
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`
    expect(ok(await client.apply(`${maps}/${name}`, text, by('alice'))).data).toEqual({ a: '1' })
  })

  test('may not bring managedFields along', async () => {
    const name = randomName('a')
    const made = ok(await client.apply(`${maps}/${name}`, configMap(name, { a: '1' }), by('alice')))
    const { status, json } = await client.apply(`${maps}/${name}`, made, by('alice'))
    expect([status, json.message]).toEqual([400, 'metadata.managedFields must be nil'])
  })

  test('is recorded per version and subresource, with the time of its last change', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    ok(await client.apply(path, widget(group, name, { size: 1 }), by('alice')))
    const { spec: _spec, ...named } = widget(group, name)
    const reported = ok(await client.apply(`${path}/status`, { ...named, status: { phase: 'Good' } }, by('alice')))
    expect(reported).toMatchObject({ spec: { size: 1 }, status: { phase: 'Good' } })
    expect(managed(reported, 'alice', 'status')).toMatchObject({
      operation: 'Apply',
      apiVersion: `${group}/v1`,
      fieldsV1: { 'f:status': { 'f:phase': {} } },
    })
    expect(managed(reported, 'alice')).toMatchObject({ fieldsV1: { 'f:spec': { 'f:size': {} } } })
  })
})

describe('two managers', () => {
  test('conflict where they want different values, and are told of each other', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
    const { status, json } = await client.apply(path, configMap(name, { a: '2' }), by('bob'))
    expect(status).toBe(409)
    expect(json).toMatchObject({
      ...failure(409, 'Conflict'),
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' }],
      },
    })
    expect(ok(await client.get(path)).data).toEqual({ a: '1' })
  })

  test('conflict with whoever updated, by version and time', async () => {
    const name = randomName('a')
    ok(await client.create(maps, configMap(name, { a: '1', b: '1' }), { query: { fieldManager: 'editor' } }))
    const { status, json } = await client.apply(`${maps}/${name}`, configMap(name, { a: '2', b: '2' }), by('bob'))
    expect(status).toBe(409)
    expect(json.message).toMatch(
      /^Apply failed with 2 conflicts: conflicts with "editor" using v1( at \S+Z)?:\n- \.data\.a\n- \.data\.b$/,
    )
  })

  test('share a field they agree on, and it stays until the last gives it up', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
    const shared = ok(await client.apply(path, configMap(name, { a: '1' }), by('bob')))
    expect(managed(shared, 'alice')).toMatchObject({ fieldsV1: { 'f:data': { 'f:a': {} } } })
    expect(managed(shared, 'bob')).toMatchObject({ fieldsV1: { 'f:data': { 'f:a': {} } } })
    expect(ok(await client.apply(path, configMap(name), by('alice'))).data).toEqual({ a: '1' })
    expect(ok(await client.apply(path, configMap(name), by('bob'))).data ?? {}).toEqual({})
  })

  test('take fields from each other by force', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1', b: '1' }), by('alice')))
    const taken = ok(await client.apply(path, configMap(name, { a: '2' }), by('bob', { force: true })))
    expect(taken.data).toEqual({ a: '2', b: '1' })
    expect(managed(taken, 'alice')?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } })
    expect(managed(taken, 'bob')?.fieldsV1).toEqual({ 'f:data': { 'f:a': {} } })
  })

  test('lose to an ordinary update, which asks nobody', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1', b: '1' }), by('alice')))
    const changed = ok(await client.patch(path, 'merge', { data: { a: '2' } }, { query: { fieldManager: 'editor' } }))
    expect(managed(changed, 'alice')?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } })
    expect(managed(changed, 'editor')).toMatchObject({ operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } })
    expect((await client.apply(path, configMap(name, { a: '1', b: '1' }), by('alice'))).status).toBe(409)
    const agreed = ok(await client.apply(path, configMap(name, { a: '2', b: '1' }), by('alice')))
    expect(managed(agreed, 'alice')?.fieldsV1).toEqual({ 'f:data': { 'f:a': {}, 'f:b': {} } })
  })

  test('can hand an object over: an update with an empty list forgets who owned what', async () => {
    const name = randomName('a')
    const path = `${maps}/${name}`
    ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
    const reset = ok(await client.patch(path, 'merge', { metadata: { managedFields: [{}] } }))
    expect(reset.metadata.managedFields ?? []).toEqual([])
    expect(ok(await client.apply(path, configMap(name, { a: '2' }), by('bob', { force: true }))).data).toEqual({
      a: '2',
    })
  })
})

describe('lists and maps', () => {
  test('with keys are merged by them, defaulted keys included', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    ok(await client.apply(path, widget(group, name, { ports: [{ port: 80, note: 'web' }] }), by('alice')))
    const both = ok(
      await client.apply(path, widget(group, name, { ports: [{ port: 80, protocol: 'UDP' }] }), by('bob')),
    )
    expect(both['spec']).toMatchObject({
      ports: [
        { port: 80, protocol: 'TCP', note: 'web' },
        { port: 80, protocol: 'UDP' },
      ],
    })
    expect(managed(both, 'alice')?.fieldsV1).toEqual({
      'f:spec': {
        'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:note': {}, 'f:port': {} } },
      },
    })
    const left = ok(await client.apply(path, widget(group, name, { ports: [] }), by('alice')))
    expect(left['spec']).toMatchObject({ ports: [{ port: 80, protocol: 'UDP' }] })
  })

  test('that are sets are united', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    ok(await client.apply(path, widget(group, name, { tags: ['a', 'b'] }), by('alice')))
    const both = ok(await client.apply(path, widget(group, name, { tags: ['b', 'c'] }), by('bob')))
    expect([...((both['spec'] as { tags: string[] }).tags ?? [])].sort()).toEqual(['a', 'b', 'c'])
    expect(managed(both, 'bob')?.fieldsV1).toEqual({ 'f:spec': { 'f:tags': { 'v:"b"': {}, 'v:"c"': {} } } })
    const left = ok(await client.apply(path, widget(group, name, { tags: ['b'] }), by('alice')))
    expect([...((left['spec'] as { tags: string[] }).tags ?? [])].sort()).toEqual(['b', 'c'])
  })

  test('without keys belong to one manager as a whole', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    ok(await client.apply(path, widget(group, name, { steps: ['a', 'b'] }), by('alice')))
    const { status, json } = await client.apply(path, widget(group, name, { steps: ['a'] }), by('bob'))
    expect([status, json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "alice": .spec.steps'])
  })

  test('that are atomic maps, too', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    const made = ok(await client.apply(path, widget(group, name, { place: { x: 1, y: 1 } }), by('alice')))
    expect(managed(made, 'alice')?.fieldsV1).toEqual({ 'f:spec': { 'f:place': {} } })
    const { status, json } = await client.apply(path, widget(group, name, { place: { x: 2 } }), by('bob'))
    expect([status, json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "alice": .spec.place'])
    const forced = ok(await client.apply(path, widget(group, name, { place: { x: 2 } }), by('bob', { force: true })))
    expect(forced['spec']).toEqual({ place: { x: 2 } })
  })

  test('that are maps are merged key by key', async () => {
    const name = randomName('a')
    const path = `${widgets}/${name}`
    ok(await client.apply(path, widget(group, name, { limits: { cpu: '1' } }), by('alice')))
    const both = ok(await client.apply(path, widget(group, name, { limits: { memory: '1Gi' } }), by('bob')))
    expect(both['spec']).toEqual({ limits: { cpu: '1', memory: '1Gi' } })
  })

  test('of a pod are keyed as its documentation says', async (context) => {
    await api.needs(context, 'v1', 'pods')
    const name = randomName('a')
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'registry.example.com/i', ports: [{ containerPort: 80 }] }] },
    }
    const answer = await client.apply(api.in(`pods/${name}`), pod, by('alice', { dryRun: 'All' }))
    expect(managed(ok(answer), 'alice')?.fieldsV1).toEqual({
      'f:spec': {
        'f:containers': {
          'k:{"name":"c"}': {
            '.': {},
            'f:image': {},
            'f:name': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    })
  })
})

test('a dry run of an apply tells conflicts and changes nothing', async () => {
  const name = randomName('a')
  const path = `${maps}/${name}`
  expect((await client.apply(path, configMap(name, { a: '1' }), by('alice', { dryRun: 'All' }))).status).toBe(201)
  expect((await client.get(path)).status).toBe(404)
  const made = ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
  expect((await client.apply(path, configMap(name, { a: '2' }), by('bob', { dryRun: 'All' }))).status).toBe(409)
  const dry = ok(await client.apply(path, configMap(name, { b: '2' }), by('bob', { dryRun: 'All' })))
  expect(dry.data).toEqual({ a: '1', b: '2' })
  expect(ok(await client.get(path))).toEqual(made)
})

test('an apply that names an old version is a conflict', async () => {
  const name = randomName('a')
  const path = `${maps}/${name}`
  const made = ok(await client.apply(path, configMap(name, { a: '1' }), by('alice')))
  ok(await client.patch(path, 'merge', { data: { z: '1' } }))
  const { resourceVersion } = made.metadata
  const late = await client.apply(
    path,
    { ...configMap(name, { a: '1' }), metadata: { name, resourceVersion } },
    by('alice'),
  )
  expect([late.status, late.json['reason']]).toEqual([409, 'Conflict'])
})

test('what is applied must have the name of its path', async () => {
  const { status } = await client.apply(`${maps}/${randomName('a')}`, configMap('other'), by('alice'))
  expect(status).toBe(400)
})
