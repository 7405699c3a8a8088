import { expect, test } from 'vitest'
import { configMap, failure, ok, randomName, untilGone, useApi } from './support/suite'

/** Kubernetes documentation, "Namespaces": their life from default objects to termination. */
const api = useApi('namespace')
const { client } = api
const namespaces = '/api/v1/namespaces'

async function newNamespace(): Promise<string> {
  const name = randomName('api-ns')
  ok(await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  api.cleanUp(`${namespaces}/${name}`)
  return name
}

test('a namespace is active, carries its name as a label and a finalizer in its spec', async () => {
  const name = await newNamespace()
  expect(ok(await client.get(`${namespaces}/${name}`))).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
})

test('a new namespace has a default service account and the root certificates', async () => {
  const name = await newNamespace()
  await expect
    .poll(async () => (await client.get(`${namespaces}/${name}/serviceaccounts/default`)).status, { timeout: 30_000 })
    .toBe(200)
  await expect
    .poll(async () => (await client.get(`${namespaces}/${name}/configmaps/kube-root-ca.crt`)).json.data?.['ca.crt'], {
      timeout: 30_000,
    })
    .toContain('BEGIN CERTIFICATE')
})

test('names must be DNS labels', async () => {
  const { status, json } = await client.create(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'with.dots' },
  })
  expect(status).toBe(422)
  expect(json.message).toContain('a lowercase RFC 1123 label must consist of')
})

test('a namespace that terminates takes its objects along, and nothing new', async () => {
  const name = await newNamespace()
  const maps = `${namespaces}/${name}/configmaps`
  const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/wait'] } }
  ok(await client.create(maps, held))
  ok(await client.create(maps, configMap('free')))
  const deleted = await client.delete(`${namespaces}/${name}`)
  expect(deleted.status).toBe(200)
  await expect
    .poll(async () => (await client.get(`${maps}/held`)).json.metadata?.deletionTimestamp, { timeout: 60_000 })
    .toBeTruthy()
  expect(ok(await client.get(`${namespaces}/${name}`))).toMatchObject({ status: { phase: 'Terminating' } })
  const late = await client.create(maps, configMap('late'))
  expect(late.status).toBe(403)
  expect(late.json).toMatchObject({
    ...failure(403, 'Forbidden'),
    message: `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
  })
  ok(await client.patch(`${maps}/held`, 'merge', { metadata: { finalizers: null } }))
  await untilGone(client, `${namespaces}/${name}`)
  expect((await client.get(`${maps}/free`)).status).toBe(404)
})

test('the namespaces of the system cannot be deleted', async () => {
  const { status } = await client.delete(`${namespaces}/default`, { query: { dryRun: 'All' } })
  expect(status).toBe(403)
})
