import { beforeAll, expect, test } from 'vitest'
import { configMap, define, failure, managed, ok, randomName, useApi, widget, widgetDefinition } from './support/suite'

/** Kubernetes documentation, "Update API Objects in Place Using kubectl patch". */
const api = useApi('patch')
const { client } = api
const maps = api.in('configmaps')
const accounts = api.in('serviceaccounts')
const group = `${randomName('g')}.example.com`
const widgets = api.in('widgets', `${group}/v1`)
beforeAll(() => define(api, widgetDefinition({ group })))

async function newMap(data: Record<string, string>): Promise<string> {
  const name = randomName('p')
  ok(await client.create(maps, configMap(name, data)))
  return `${maps}/${name}`
}

test('a merge patch adds, replaces and removes by null', async () => {
  const path = await newMap({ a: '1', b: '2' })
  const patched = ok(await client.patch(path, 'merge', { data: { a: null, b: '3', c: '4' } }))
  expect(patched.data).toEqual({ b: '3', c: '4' })
})

test('a JSON patch does all of its operations or none', async () => {
  const path = await newMap({ a: '1' })
  const patched = ok(
    await client.patch(path, 'json', [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/b', value: '2' },
      { op: 'copy', from: '/data/b', path: '/data/c' },
      { op: 'move', from: '/data/a', path: '/data/d' },
      { op: 'replace', path: '/data/b', value: '3' },
    ]),
  )
  expect(patched.data).toEqual({ b: '3', c: '2', d: '1' })
  const failed = await client.patch(path, 'json', [
    { op: 'remove', path: '/data/b' },
    { op: 'test', path: '/data/c', value: 'other' },
  ])
  expect(failed.status).toBe(422)
  expect(failed.json).toMatchObject(failure(422, 'Invalid'))
  expect(ok(await client.get(path)).data).toEqual({ b: '3', c: '2', d: '1' })
})

test('a JSON patch escapes slashes and tildes', async () => {
  const path = await newMap({})
  const patched = ok(
    await client.patch(path, 'json', [{ op: 'add', path: '/metadata/annotations', value: { 'a.b/c': '1' } }]),
  )
  expect(patched.metadata.annotations).toEqual({ 'a.b/c': '1' })
  const removed = ok(await client.patch(path, 'json', [{ op: 'remove', path: '/metadata/annotations/a.b~1c' }]))
  expect(removed.metadata.annotations ?? {}).toEqual({})
})

test('a strategic merge patch merges lists by their key and knows how to delete from them', async () => {
  const name = randomName('sa')
  ok(
    await client.create(accounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
      secrets: [{ name: 'one' }, { name: 'two' }],
    }),
  )
  const path = `${accounts}/${name}`
  const added = ok(await client.patch(path, 'strategic-merge', { secrets: [{ name: 'three' }] }))
  expect((added['secrets'] as { name: string }[]).map((entry) => entry.name).sort()).toEqual(['one', 'three', 'two'])
  const removed = ok(await client.patch(path, 'strategic-merge', { secrets: [{ $patch: 'delete', name: 'one' }] }))
  expect((removed['secrets'] as { name: string }[]).map((entry) => entry.name).sort()).toEqual(['three', 'two'])
  const replaced = ok(
    await client.patch(path, 'strategic-merge', { secrets: [{ $patch: 'replace' }, { name: 'four' }] }),
  )
  expect(replaced['secrets']).toEqual([{ name: 'four' }])
})

test('a strategic merge patch of a custom resource is no media type', async () => {
  const name = randomName('w')
  ok(await client.create(widgets, widget(group, name, { size: 1 })))
  const { status, json } = await client.patch(`${widgets}/${name}`, 'strategic-merge', { spec: { size: 2 } })
  expect(status).toBe(415)
  expect(json).toMatchObject(failure(415, 'UnsupportedMediaType'))
  expect(json.message).toContain('application/merge-patch+json')
})

test('a patch of no known form is refused', async () => {
  const path = await newMap({})
  const { status } = await client.call('PATCH', path, { body: {}, type: 'application/json' })
  expect(status).toBe(415)
})

test('a patch that names a version is locked to it', async () => {
  const path = await newMap({ a: '1' })
  const first = ok(await client.get(path))
  ok(await client.patch(path, 'merge', { data: { a: '2' } }))
  const { resourceVersion } = first.metadata
  const late = await client.patch(path, 'merge', { metadata: { resourceVersion }, data: { a: '3' } })
  expect([late.status, late.json['reason']]).toEqual([409, 'Conflict'])
})

test('a patch of what is not there is not found', async () => {
  expect((await client.patch(`${maps}/missing`, 'merge', { data: {} })).status).toBe(404)
})

test('what a patch makes invalid is refused, and nothing is changed', async () => {
  const path = await newMap({ a: '1' })
  const { status, json } = await client.patch(path, 'merge', { data: { 'not a key': 'x' } })
  expect(status).toBe(422)
  expect(json.details?.causes?.[0]?.field).toBe('data[not a key]')
  expect(ok(await client.get(path)).data).toEqual({ a: '1' })
})

test('a patch that is no JSON is a bad request', async () => {
  const path = await newMap({})
  const { status, json } = await client.patch(path, 'merge', '{')
  expect([status, json['reason']]).toEqual([400, 'BadRequest'])
})

test('who patches owns what the patch changed', async () => {
  const path = await newMap({ a: '1' })
  const patched = ok(await client.patch(path, 'merge', { data: { b: '2' } }, { query: { fieldManager: 'patcher' } }))
  expect(managed(patched, 'patcher')).toMatchObject({ operation: 'Update', fieldsV1: { 'f:data': { 'f:b': {} } } })
  expect(managed(patched, 'api-suite')).toMatchObject({ fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } })
})

test('a dry run of a patch changes nothing', async () => {
  const path = await newMap({ a: '1' })
  const dry = ok(await client.patch(path, 'merge', { data: { a: '2' } }, { query: { dryRun: 'All' } }))
  expect(dry.data).toEqual({ a: '2' })
  expect(ok(await client.get(path)).data).toEqual({ a: '1' })
})

test('the status is patched through its own path', async () => {
  const name = randomName('w')
  ok(await client.create(widgets, widget(group, name, { size: 1 })))
  const patched = ok(
    await client.patch(`${widgets}/${name}/status`, 'merge', { spec: { size: 5 }, status: { phase: 'Good' } }),
  )
  expect(patched).toMatchObject({ spec: { size: 1 }, status: { phase: 'Good' } })
  const ignored = ok(await client.patch(`${widgets}/${name}`, 'merge', { status: { phase: 'Bad' } }))
  expect(ignored).toMatchObject({ status: { phase: 'Good' } })
})
