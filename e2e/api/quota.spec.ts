import { describe, expect, test } from 'vitest'
import { configMap, failure, ok, randomName, useApi } from './support/suite'

/** Kubernetes documentation: "Resource Quotas" and "Limit Ranges". */
const api = useApi('quota')
const { client } = api

async function newNamespace(): Promise<string> {
  const name = randomName('api-quota')
  ok(await client.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  api.cleanUp(`/api/v1/namespaces/${name}`)
  await expect
    .poll(async () => (await client.get(`/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`)).status, {
      timeout: 30_000,
    })
    .toBe(200)
  return `/api/v1/namespaces/${name}`
}

const quota = (name: string, hard: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: { hard },
})

describe('a quota', () => {
  test('shows what is used and refuses what would exceed it', async (context) => {
    await api.needs(context, 'v1', 'resourcequotas')
    const namespace = await newNamespace()
    ok(await client.create(`${namespace}/resourcequotas`, quota('q', { 'count/configmaps': '2' })))
    const status = async () => ok(await client.get(`${namespace}/resourcequotas/q`))['status']
    await expect
      .poll(status, { timeout: 30_000 })
      .toMatchObject({ hard: { 'count/configmaps': '2' }, used: { 'count/configmaps': '1' } })
    ok(await client.create(`${namespace}/configmaps`, configMap('one')))
    const refused = await client.create(`${namespace}/configmaps`, configMap('two'))
    expect(refused.status).toBe(403)
    expect(refused.json).toMatchObject({
      ...failure(403, 'Forbidden'),
      message:
        'configmaps "two" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2',
    })
    ok(await client.delete(`${namespace}/configmaps/one`))
    await expect
      .poll(async () => (await client.create(`${namespace}/configmaps`, configMap('two'))).status, { timeout: 30_000 })
      .toBe(201)
  })

  test('counts what claims ask for', async (context) => {
    await api.needs(context, 'v1', 'resourcequotas')
    await api.needs(context, 'v1', 'persistentvolumeclaims')
    const namespace = await newNamespace()
    ok(await client.create(`${namespace}/resourcequotas`, quota('q', { 'requests.storage': '2Gi' })))
    await expect
      .poll(async () => ok(await client.get(`${namespace}/resourcequotas/q`))['status'], { timeout: 30_000 })
      .toMatchObject({ used: { 'requests.storage': '0' } })
    const claim = (name: string, storage: string) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage } } },
    })
    ok(await client.create(`${namespace}/persistentvolumeclaims`, claim('one', '1Gi')))
    const refused = await client.create(`${namespace}/persistentvolumeclaims`, claim('two', '2Gi'))
    expect(refused.status).toBe(403)
    expect(refused.json.message).toContain(
      'exceeded quota: q, requested: requests.storage=2Gi, used: requests.storage=1Gi, limited: requests.storage=2Gi',
    )
  })

  test('is not touched by a dry run', async (context) => {
    await api.needs(context, 'v1', 'resourcequotas')
    const namespace = await newNamespace()
    ok(await client.create(`${namespace}/resourcequotas`, quota('q', { 'count/configmaps': '2' })))
    await expect
      .poll(async () => ok(await client.get(`${namespace}/resourcequotas/q`))['status'], { timeout: 30_000 })
      .toMatchObject({ used: { 'count/configmaps': '1' } })
    for (let time = 0; time < 3; time++) {
      ok(await client.create(`${namespace}/configmaps`, configMap('dry'), { query: { dryRun: 'All' } }))
    }
    ok(await client.create(`${namespace}/configmaps`, configMap('real')))
  })

  test('must be of quantities', async (context) => {
    await api.needs(context, 'v1', 'resourcequotas')
    const namespace = await newNamespace()
    const { status } = await client.create(`${namespace}/resourcequotas`, quota('q', { pods: 'many' }))
    expect([400, 422]).toContain(status)
    const negative = await client.create(`${namespace}/resourcequotas`, quota('q', { pods: '-1' }))
    expect(negative.status).toBe(422)
    expect(negative.json.message).toContain('must be greater than or equal to 0')
  })
})

describe('a limit range', () => {
  const limits = (limit: Record<string, unknown>) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l' },
    spec: { limits: [limit] },
  })

  test('bounds the size of claims', async (context) => {
    await api.needs(context, 'v1', 'limitranges')
    await api.needs(context, 'v1', 'persistentvolumeclaims')
    const namespace = await newNamespace()
    ok(
      await client.create(
        `${namespace}/limitranges`,
        limits({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } }),
      ),
    )
    const claim = (storage: string) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: randomName('c') },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage } } },
    })
    const create = (storage: string) => client.create(`${namespace}/persistentvolumeclaims`, claim(storage))
    await expect.poll(async () => (await create('3Gi')).status, { timeout: 20_000 }).toBe(403)
    expect((await create('3Gi')).json.message).toContain(
      'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    )
    expect((await create('1Mi')).json.message).toContain(
      'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    )
    expect((await create('1Gi')).status).toBe(201)
  })

  test('gives containers what they do not ask for', async (context) => {
    await api.needs(context, 'v1', 'limitranges')
    const namespace = await newNamespace()
    ok(
      await client.create(
        `${namespace}/limitranges`,
        limits({ type: 'Container', default: { memory: '256Mi' }, defaultRequest: { memory: '128Mi' } }),
      ),
    )
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'registry.example.com/i' }] },
    }
    const resources = async () => {
      const made = ok(await client.create(`${namespace}/pods`, pod, { query: { dryRun: 'All' } }))
      return (made['spec'] as { containers: { resources: unknown }[] }).containers[0]?.resources
    }
    await expect
      .poll(resources, { timeout: 20_000 })
      .toEqual({ limits: { memory: '256Mi' }, requests: { memory: '128Mi' } })
  })
})
