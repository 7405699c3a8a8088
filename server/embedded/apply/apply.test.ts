import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { configMap, configMaps, startTestServer, type TestServer } from '../testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

let number = 0
let name: string
beforeEach(() => {
  name = `a${number++}`
})

const apply = (body: unknown, manager: string, force = false) =>
  server.call('PATCH', `${configMaps}/${name}?fieldManager=${manager}${force ? '&force=true' : ''}`, {
    body,
    headers: { 'Content-Type': 'application/apply-patch+yaml' },
  })
const merge = (body: unknown, manager: string) =>
  server.call('PATCH', `${configMaps}/${name}?fieldManager=${manager}`, {
    body,
    headers: { 'Content-Type': 'application/merge-patch+json' },
  })
const owners = (answer: Awaited<ReturnType<typeof apply>>) =>
  Object.fromEntries(
    (answer.json.metadata['managedFields'] as { manager: string; operation: string; fieldsV1: unknown }[]).map(
      ({ manager, operation, fieldsV1 }) => [`${manager} ${operation}`, fieldsV1],
    ),
  )

test('creates what is missing, owned by who applied it, and needs a manager', async () => {
  const created = await apply(configMap(name, { a: '1' }), 'one')
  expect(created.status).toBe(201)
  expect(owners(created)).toEqual({ 'one Apply': { 'f:data': { 'f:a': {} } } })
  expect((await apply(configMap(name, { a: '1' }), '')).json).toMatchObject({ code: 422 })
})

test('applying the same again writes nothing', async () => {
  const first = await apply(configMap(name, { a: '1' }, { x: 'y' }), 'one')
  const second = await apply(configMap(name, { a: '1' }, { x: 'y' }), 'one')
  expect(second.text).toBe(first.text)
})

test('what a manager no longer says goes, unless another owns it too', async () => {
  await apply(configMap(name, { a: '1', b: '2', c: '3' }), 'one')
  await apply(configMap(name, { b: '2' }), 'two')
  const after = await apply(configMap(name, { c: '3' }), 'one')
  expect(after.json['data']).toEqual({ b: '2', c: '3' })
})

test('a field that another manager sees differently is a conflict, named, and can be forced', async () => {
  await apply(configMap(name, { a: '1' }), 'one')
  await merge({ data: { a: '2' } }, 'two')
  const refused = await apply(configMap(name, { a: '1' }), 'one')
  expect(refused.json).toMatchObject({
    code: 409,
    reason: 'Conflict',
    message: expect.stringMatching(/^Apply failed with 1 conflict: conflict with "two" using v1 at \S+: \.data\.a$/),
    details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] },
  })
  const forced = await apply(configMap(name, { a: '1' }), 'one', true)
  expect(forced.json['data']).toEqual({ a: '1' })
  expect(owners(forced)).toEqual({ 'one Apply': { 'f:data': { 'f:a': {} } } })
})

test('what was there when owners were forgotten has one', async () => {
  await server.call('POST', configMaps, { body: configMap(name, { a: '1' }) })
  await merge({ metadata: { managedFields: [{}] } }, 'two')
  const refused = await apply(configMap(name, { a: '2' }), 'one')
  expect(refused.json['message']).toMatch(/conflict with "before-first-apply" using v1/)
})

test('elements of keyed lists are owned one by one', async () => {
  const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid })
  const withOwner = (uid: string) => ({ ...configMap(name), metadata: { name, ownerReferences: [owner(uid)] } })
  await apply(withOwner('u1'), 'one')
  const both = await apply(withOwner('u2'), 'two')
  expect(both.json.metadata['ownerReferences']).toEqual([owner('u1'), owner('u2')])
  const left = await apply({ ...configMap(name), metadata: { name } }, 'one')
  expect(left.json.metadata['ownerReferences']).toEqual([owner('u2')])
})
