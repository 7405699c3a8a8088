import { beforeAll, expect, test } from 'vitest'
import { configMap, define, failure, managed, ok, randomName, useApi, widget, widgetDefinition } from './support/suite'

/** Kubernetes API concepts: updates with optimistic locking, status and scale. */
const api = useApi('update')
const { client } = api
const maps = api.in('configmaps')
const group = `${randomName('g')}.example.com`
const widgets = api.in('widgets', `${group}/v1`)
beforeAll(() => define(api, widgetDefinition({ group })))

test('an update that names the current version is taken, an older one is a conflict', async () => {
  const name = randomName('lock')
  const first = ok(await client.create(maps, configMap(name, { a: '1' })))
  const second = ok(await client.update(`${maps}/${name}`, { ...first, data: { a: '2' } }))
  expect(second.data).toEqual({ a: '2' })
  expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
  const { status, json } = await client.update(`${maps}/${name}`, { ...first, data: { a: '3' } })
  expect(status).toBe(409)
  expect(json).toMatchObject({
    ...failure(409, 'Conflict'),
    message: `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    details: { name, kind: 'configmaps' },
  })
})

test('an update that changes nothing leaves the version as it is', async () => {
  const name = randomName('same')
  const first = ok(await client.create(maps, configMap(name, { a: '1' })))
  const again = ok(await client.update(`${maps}/${name}`, first))
  expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
})

test('a config map can be replaced without naming its version, a custom resource cannot', async () => {
  const name = randomName('blind')
  ok(await client.create(maps, configMap(name, { a: '1' })))
  expect(ok(await client.update(`${maps}/${name}`, configMap(name, { b: '2' }))).data).toEqual({ b: '2' })
  ok(await client.create(widgets, widget(group, name, { size: 1 })))
  const { status, json } = await client.update(`${widgets}/${name}`, widget(group, name, { size: 2 }))
  expect(status).toBe(422)
  expect(json.message).toContain('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update')
})

test('an update of what is not there is not found', async () => {
  const { status, json } = await client.update(`${maps}/missing`, configMap('missing'))
  expect(status).toBe(404)
  expect(json).toMatchObject({ ...failure(404, 'NotFound'), message: 'configmaps "missing" not found' })
})

test('the name of the body is the one of the path', async () => {
  const name = randomName('named')
  ok(await client.create(maps, configMap(name)))
  const { status, json } = await client.update(`${maps}/${name}`, configMap('other'))
  expect(status).toBe(400)
  expect(json.message).toBe(`the name of the object (other) does not match the name on the URL (${name})`)
})

test('another uid is another object', async () => {
  const name = randomName('uid')
  const made = ok(await client.create(maps, configMap(name)))
  const uid = '11111111-1111-1111-1111-111111111111'
  const { status, json } = await client.update(`${maps}/${name}`, { ...made, metadata: { ...made.metadata, uid } })
  expect(status).toBe(409)
  expect(json.message).toContain('Precondition failed: UID in precondition')
})

test('a dry run answers as if and changes nothing', async () => {
  const name = randomName('dry')
  const first = ok(await client.create(maps, configMap(name, { a: '1' })))
  const dry = ok(await client.update(`${maps}/${name}`, { ...first, data: { a: '2' } }, { query: { dryRun: 'All' } }))
  expect(dry.data).toEqual({ a: '2' })
  expect(ok(await client.get(`${maps}/${name}`))).toEqual(first)
})

test('immutable config maps stay as they are', async () => {
  const name = randomName('fixed')
  const made = ok(await client.create(maps, { ...configMap(name, { a: '1' }), immutable: true }))
  const { status, json } = await client.update(`${maps}/${name}`, { ...made, data: { a: '2' } })
  expect(status).toBe(422)
  expect(json.details?.causes?.[0]).toMatchObject({ field: 'data', message: expect.stringContaining('immutable') })
})

test('spec and status are written apart, and only the spec counts as a generation', async () => {
  const name = randomName('status')
  const made = ok(await client.create(widgets, { ...widget(group, name, { size: 1 }), status: { phase: 'Bad' } }))
  expect(made).not.toHaveProperty('status')
  expect(made.metadata.generation).toBe(1)
  const reported = ok(
    await client.update(
      `${widgets}/${name}/status`,
      { ...made, spec: { size: 9 }, status: { phase: 'Good' } },
      { query: { fieldManager: 'reporter' } },
    ),
  )
  expect(reported).toMatchObject({ spec: { size: 1 }, status: { phase: 'Good' }, metadata: { generation: 1 } })
  expect(managed(reported, 'reporter', 'status')).toMatchObject({
    operation: 'Update',
    fieldsV1: { 'f:status': { '.': {}, 'f:phase': {} } },
  })
  const grown = ok(
    await client.update(`${widgets}/${name}`, { ...reported, spec: { size: 2 }, status: { phase: 'Bad' } }),
  )
  expect(grown).toMatchObject({ spec: { size: 2 }, status: { phase: 'Good' }, metadata: { generation: 2 } })
  const labelled = ok(await client.patch(`${widgets}/${name}`, 'merge', { metadata: { labels: { a: 'b' } } }))
  expect(labelled.metadata.generation).toBe(2)
  expect(ok(await client.get(`${widgets}/${name}/status`))).toEqual(labelled)
})

test('a status update must name the version it is made on', async () => {
  const name = randomName('status')
  const made = ok(await client.create(widgets, widget(group, name)))
  ok(await client.update(`${widgets}/${name}/status`, { ...made, status: { phase: 'One' } }))
  const late = await client.update(`${widgets}/${name}/status`, { ...made, status: { phase: 'Two' } })
  expect([late.status, late.json['reason']]).toEqual([409, 'Conflict'])
})

test('scale shows and changes the number of replicas', async () => {
  const name = randomName('scale')
  const made = ok(await client.create(widgets, widget(group, name, { size: 3 })))
  ok(await client.update(`${widgets}/${name}/status`, { ...made, status: { size: 2, selector: 'app=x' } }))
  const scale = ok(await client.get(`${widgets}/${name}/scale`))
  expect(scale).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: api.namespace, uid: made.metadata.uid },
    spec: { replicas: 3 },
    status: { replicas: 2, selector: 'app=x' },
  })
  const scaled = ok(await client.update(`${widgets}/${name}/scale`, { ...scale, spec: { replicas: 5 } }))
  expect(scaled['spec']).toEqual({ replicas: 5 })
  const patched = ok(await client.patch(`${widgets}/${name}/scale`, 'merge', { spec: { replicas: 7 } }))
  expect(patched['spec']).toEqual({ replicas: 7 })
  expect(ok(await client.get(`${widgets}/${name}`))['spec']).toEqual({ size: 7 })
  const stale = await client.update(`${widgets}/${name}/scale`, { ...scale, spec: { replicas: 1 } })
  expect([stale.status, stale.json['reason']]).toEqual([409, 'Conflict'])
  const negative = await client.patch(`${widgets}/${name}/scale`, 'merge', { spec: { replicas: -1 } })
  expect(negative.status).toBe(422)
})

test('a kind without scale has no such path', async () => {
  const name = randomName('flat')
  ok(await client.create(maps, configMap(name)))
  expect((await client.get(`${maps}/${name}/scale`)).status).toBe(404)
  expect((await client.get(`${maps}/${name}/status`)).status).toBe(404)
})
