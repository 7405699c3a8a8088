import { expect, test } from 'vitest'
import { configMap, failure, ok, randomName, untilGone, useApi } from './support/suite'

/** Kubernetes API concepts and "Garbage Collection": deletes, finalizers and dependents. */
const api = useApi('delete')
const { client } = api
const maps = api.in('configmaps')

async function newMap(metadata: Record<string, unknown> = {}) {
  const name = randomName('d')
  const made = ok(await client.create(maps, { ...configMap(name), metadata: { name, ...metadata } }))
  return { name, path: `${maps}/${name}`, made, uid: made.metadata.uid }
}

test('a deleted object is gone, and the answer says which it was', async () => {
  const { name, path, uid } = await newMap()
  const { status, json } = await client.delete(path)
  expect(status).toBe(200)
  expect(json).toMatchObject({ kind: 'Status', status: 'Success', details: { name, kind: 'configmaps', uid } })
  const again = await client.delete(path)
  expect(again.status).toBe(404)
  expect(again.json).toMatchObject({ ...failure(404, 'NotFound'), message: `configmaps "${name}" not found` })
})

test('preconditions protect what is no longer what one thought', async () => {
  const { path, uid, made } = await newMap()
  const wrongUid = await client.delete(path, {
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: '11111111-1111-1111-1111-111111111111' } },
  })
  expect(wrongUid.status).toBe(409)
  expect(wrongUid.json).toMatchObject(failure(409, 'Conflict'))
  ok(await client.patch(path, 'merge', { data: { a: '1' } }))
  const { resourceVersion } = made.metadata
  const stale = await client.delete(path, {
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } },
  })
  expect(stale.status).toBe(409)
  const right = await client.delete(path, { body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } } })
  expect(right.status).toBe(200)
})

test('a dry run deletes nothing', async () => {
  const { path } = await newMap()
  expect((await client.delete(path, { query: { dryRun: 'All' } })).status).toBe(200)
  expect(
    (await client.delete(path, { body: { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] } })).status,
  ).toBe(200)
  expect((await client.get(path)).status).toBe(200)
})

test('an object with finalizers is marked, and goes when the last one is removed', async () => {
  const { path } = await newMap({ finalizers: ['example.com/one', 'example.com/two'] })
  const marked = ok(await client.delete(path))
  expect(marked.metadata.deletionTimestamp).toMatch(/Z$/)
  expect(marked.metadata['deletionGracePeriodSeconds']).toBe(0)
  const added = await client.patch(path, 'merge', {
    metadata: { finalizers: ['example.com/one', 'example.com/three'] },
  })
  expect(added.status).toBe(422)
  expect(added.json.message).toContain('no new finalizers can be added if the object is being deleted')
  ok(await client.patch(path, 'merge', { metadata: { finalizers: ['example.com/two'] } }))
  expect((await client.get(path)).status).toBe(200)
  ok(await client.patch(path, 'merge', { metadata: { finalizers: null } }))
  expect((await client.get(path)).status).toBe(404)
})

test('deletes in the query are understood, and unknown policies refused', async () => {
  const { path } = await newMap()
  const wrong = await client.delete(path, { query: { propagationPolicy: 'Sideways' } })
  expect(wrong.status).toBe(422)
  const both = await client.delete(path, {
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan', orphanDependents: true },
  })
  expect(both.status).toBe(422)
  const right = await client.delete(path, { query: { propagationPolicy: 'Background', gracePeriodSeconds: 0 } })
  expect(right.status).toBe(200)
})

test('a collection is deleted by its selector', async () => {
  const mine = randomName('set')
  for (const name of [`${mine}-a`, `${mine}-b`]) ok(await client.create(maps, configMap(name, {}, { set: mine })))
  const other = await newMap()
  const { status, json } = await client.delete(maps, { query: { labelSelector: `set=${mine}` } })
  expect(status).toBe(200)
  expect(json.kind).toBe('ConfigMapList')
  expect(json.items.map(({ metadata }) => metadata.name).sort()).toEqual([`${mine}-a`, `${mine}-b`])
  expect(ok(await client.get(maps, { query: { labelSelector: `set=${mine}` } })).items).toEqual([])
  expect((await client.get(other.path)).status).toBe(200)
})

test('a dry run of deleting a collection deletes nothing', async () => {
  const mine = randomName('set')
  ok(await client.create(maps, configMap(mine, {}, { set: mine })))
  ok(await client.delete(maps, { query: { labelSelector: `set=${mine}`, dryRun: 'All' } }))
  expect((await client.get(`${maps}/${mine}`)).status).toBe(200)
})

const ownedBy = ({ name, uid }: { name: string; uid: string }, block = false) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...(block ? { blockOwnerDeletion: true } : {}) }],
})

test('dependents go after their owner in the background', async () => {
  const owner = await newMap()
  const child = await newMap(ownedBy(owner))
  const grandchild = await newMap(ownedBy(child))
  ok(await client.delete(owner.path, { query: { propagationPolicy: 'Background' } }))
  expect((await client.get(owner.path)).status).toBe(404)
  await untilGone(client, child.path)
  await untilGone(client, grandchild.path)
})

test('dependents go before their owner in the foreground', async () => {
  const owner = await newMap()
  const child = await newMap({ ...ownedBy(owner, true), finalizers: ['example.com/wait'] })
  const marked = ok(await client.delete(owner.path, { query: { propagationPolicy: 'Foreground' } }))
  expect(marked.metadata.finalizers).toContain('foregroundDeletion')
  await expect
    .poll(async () => (await client.get(child.path)).json.metadata?.deletionTimestamp, { timeout: 30_000 })
    .toBeTruthy()
  expect((await client.get(owner.path)).status).toBe(200)
  ok(await client.patch(child.path, 'merge', { metadata: { finalizers: null } }))
  await untilGone(client, child.path)
  await untilGone(client, owner.path)
})

test('dependents are orphaned when asked to be', async () => {
  const owner = await newMap()
  const child = await newMap(ownedBy(owner))
  await client.delete(owner.path, { query: { propagationPolicy: 'Orphan' } })
  await untilGone(client, owner.path)
  await expect
    .poll(async () => ok(await client.get(child.path)).metadata['ownerReferences'] ?? [], { timeout: 30_000 })
    .toEqual([])
})

test('a dependent of an owner that was never there is collected', async () => {
  const child = await newMap(ownedBy({ name: 'never', uid: '11111111-1111-1111-1111-111111111111' }))
  await untilGone(client, child.path)
})

test('a pod that no node runs goes at once, and a grace period is kept on record', async (context) => {
  await api.needs(context, 'v1', 'pods')
  const name = randomName('pod')
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, finalizers: ['example.com/wait'] },
    spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'registry.example.com/i' }] },
  }
  const made = await client.create(api.in('pods'), pod)
  if (made.status === 403) context.skip('this cluster takes no pods')
  ok(made)
  const marked = ok(await client.delete(api.in(`pods/${name}`), { query: { gracePeriodSeconds: 5 } }))
  expect(marked.metadata.deletionTimestamp).toBeTruthy()
  ok(await client.patch(api.in(`pods/${name}`), 'merge', { metadata: { finalizers: null } }))
  await untilGone(client, api.in(`pods/${name}`))
})
