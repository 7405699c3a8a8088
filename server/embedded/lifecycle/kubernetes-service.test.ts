import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { part } from '@/contract/json'
import { startTestServer, type TestServer } from '../testing/start-test-server'

const service = '/api/v1/namespaces/default/services/kubernetes'
const endpoints = '/api/v1/namespaces/default/endpoints/kubernetes'
const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
const authority = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ address: { ip: '192.0.2.7', port: 8007 }, caCertificate: 'first' })
}, 60_000)
afterAll(() => server.close())

const get = async (path: string) => (await server.call('GET', path)).json

describe('the Service kubernetes', () => {
  test('stands for the API server at the first address of the cluster', async () => {
    const found = await get(service)
    expect(found['spec']).toMatchObject({
      type: 'ClusterIP',
      clusterIP: '10.43.0.1',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 8007 }],
      sessionAffinity: 'None',
    })
    expect(found.metadata['labels']).toEqual({ component: 'apiserver', provider: 'kubernetes' })
    expect((await get(endpoints))['subsets']).toEqual([
      { addresses: [{ ip: '192.0.2.7' }], ports: [{ name: 'https', port: 8007, protocol: 'TCP' }] },
    ])
    expect(await get(slice)).toMatchObject({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.7'], conditions: { ready: true } }],
      metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    })
  })

  test('comes back when it is deleted, and what is behind it when it is changed', async () => {
    expect((await server.call('DELETE', service)).status).toBe(200)
    await expect.poll(async () => part(await get(service), 'spec')['clusterIP']).toBe('10.43.0.1')
    const body = { ...(await get(endpoints)), subsets: [] }
    expect((await server.call('PUT', endpoints, { body })).status).toBe(200)
    await expect.poll(async () => (await get(endpoints))['subsets']).toHaveLength(1)
  })

  test('shares its address with no other', async () => {
    const answer = await server.call('POST', '/api/v1/namespaces/default/services', {
      body: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'impostor' },
        spec: { clusterIP: '10.43.0.1', ports: [{ port: 443 }] },
      },
    })
    expect(answer.status).toBe(422)
    expect(answer.json['message']).toContain('provided IP is already allocated')
  })
})

test('namespaces that every cluster has are refused to go, or come back', async () => {
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const { status, json } = await server.call('DELETE', `/api/v1/namespaces/${name}`)
    expect([status, json['message']]).toEqual([
      403,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    ])
  }
  const leases = '/api/v1/namespaces/kube-node-lease'
  const { uid } = (await get(leases)).metadata
  const { json: going } = await server.call('DELETE', leases)
  // As the namespace controller does, who is no part of the server, when nothing is left in it.
  await server.call('PUT', `${leases}/finalize`, { body: { ...going, spec: { finalizers: [] } } })
  await expect
    .poll(
      async () => {
        const { status, json } = await server.call('GET', leases)
        return status === 200 && json.metadata['uid'] !== uid
      },
      { timeout: 10_000 },
    )
    .toBe(true)
})

test('the authority that a namespace is told of is corrected when somebody changes it', async () => {
  await expect.poll(async () => (await get(authority))['data']).toEqual({ 'ca.crt': 'first' })
  await server.call('PATCH', authority, {
    body: { data: { 'ca.crt': 'forged' } },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  })
  await expect.poll(async () => (await get(authority))['data']).toEqual({ 'ca.crt': 'first' })
})
