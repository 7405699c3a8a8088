import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { type Answer, startTestServer, type TestServer } from '../testing/start-test-server'

const services = '/api/v1/namespaces/default/services'
const http = { port: 80 }
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

function service(name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ...spec } }
}

const create = (name: string, spec: JsonObject) => server.call('POST', services, { body: service(name, spec) })
const specOf = ({ json }: Answer): JsonObject => (isJsonObject(json['spec']) ? json['spec'] : json)
const portsOf = (answer: Answer) => specOf(answer)['ports'] as { nodePort?: number }[] // as written by the test
const merge = (name: string, spec: JsonObject) =>
  server.call('PATCH', `${services}/${name}`, {
    body: { spec },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  })

describe('the address of a Service', () => {
  test('is given out of the cluster’s range, and no two have the same', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => create(name, { ports: [http] })))
    const given = made.map((answer) => String(specOf(answer)['clusterIP']))
    for (const address of given) expect(address).toMatch(/^10\.43\.\d{1,3}\.\d{1,3}$/)
    expect(new Set(given).size).toBe(4)
    expect(specOf(made[0] as Answer)).toMatchObject({
      clusterIPs: [given[0]],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    })
  })

  test('comes again for the same name, and not under a dry run', async () => {
    const dry = await server.call('POST', `${services}?dryRun=All`, { body: service('again', { ports: [http] }) })
    expect(specOf(dry)['clusterIP']).toMatch(/^10\.43\./)
    const first = specOf(await create('again', { ports: [http] }))['clusterIP']
    await server.call('DELETE', `${services}/again`)
    expect(specOf(await create('again', { ports: [http] }))['clusterIP']).toBe(first)
  })

  test('may be chosen while it is free and in the range', async () => {
    expect(specOf(await create('own', { clusterIP: '10.43.0.10', ports: [http] }))['clusterIPs']).toEqual([
      '10.43.0.10',
    ])
    const twice = await create('twice', { clusterIP: '10.43.0.10', ports: [http] })
    expect([twice.status, twice.json['message']]).toEqual([
      422,
      'Service "twice" is invalid: spec.clusterIPs: Invalid value: ["10.43.0.10"]: failed to allocate IP 10.43.0.10: provided IP is already allocated',
    ])
    const outside = await create('outside', { clusterIP: '10.44.0.1', ports: [http] })
    expect(outside.json['message']).toContain(
      'failed to allocate IP 10.44.0.1: the provided IP (10.44.0.1) is not in the valid range. The range of valid IPs is 10.43.0.0/16',
    )
    expect((await create('six', { clusterIP: 'fd00::1', ports: [http] })).status).toBe(422)
  })

  test('is not given to those that want none', async () => {
    expect(specOf(await create('headless', { clusterIP: 'None' }))).toMatchObject({
      clusterIP: 'None',
      clusterIPs: ['None'],
    })
    const named = specOf(await create('named', { type: 'ExternalName', externalName: 'example.com' }))
    expect(named['clusterIP']).toBeUndefined()
    expect(named['ipFamilies']).toBeUndefined()
  })

  test('stays with updates that do not name it, and does not change', async () => {
    const { clusterIP } = specOf(await create('kept', { ports: [http] }))
    const put = await server.call('PUT', `${services}/kept`, { body: service('kept', { ports: [{ port: 81 }] }) })
    expect(specOf(put)).toMatchObject({ clusterIP, clusterIPs: [clusterIP], ports: [{ port: 81 }] })
    const other = await merge('kept', { clusterIP: '10.43.0.77', clusterIPs: ['10.43.0.77'] })
    expect(other.json['message']).toContain(
      'spec.clusterIPs[0]: Invalid value: ["10.43.0.77"]: may not change once set',
    )
  })

  test('goes when the Service becomes a mere name', async () => {
    await create('turned', { ports: [http] })
    const turned = specOf(await merge('turned', { type: 'ExternalName', externalName: 'example.com' }))
    expect(turned['clusterIP']).toBeUndefined()
    expect(specOf(await merge('turned', { type: 'ClusterIP', externalName: null }))['clusterIP']).toMatch(/^10\.43\./)
  })

  test('is of one family', async () => {
    const six = await create('family', { ipFamilies: ['IPv6'], ports: [http] })
    expect(six.json['message']).toContain('spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster')
    const both = await create('both', { ipFamilyPolicy: 'RequireDualStack', ports: [http] })
    expect(both.json['message']).toContain('this cluster is not configured for dual-stack services')
    expect((await create('prefer', { ipFamilyPolicy: 'PreferDualStack', ports: [http] })).status).toBe(201)
  })
})

describe('node ports', () => {
  test('are given to each port of a Service that wants them, one for a number in two protocols', async () => {
    const made = await create('nodes', {
      type: 'NodePort',
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
        { name: 'web', port: 80 },
      ],
    })
    const [dns, dnsTcp, web] = portsOf(made).map(({ nodePort }) => nodePort ?? 0)
    expect(dns).toBeGreaterThanOrEqual(30_000)
    expect(dns).toBeLessThanOrEqual(32_767)
    expect(dnsTcp).toBe(dns)
    expect(web).not.toBe(dns)
  })

  test('may be chosen while they are free', async () => {
    expect((await create('chosen', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })).status).toBe(201)
    const twice = await create('chosen2', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
    expect(twice.json['message']).toBe(
      'Service "chosen2" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
    const low = await create('low', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })
    expect(low.json['message']).toContain('The range of valid ports is 30000-32767')
  })

  test('stay with their port and go with the type', async () => {
    await create('stay', { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30_081 }] })
    const put = await server.call('PUT', `${services}/stay`, {
      body: service('stay', { type: 'NodePort', ports: [{ name: 'a', port: 8080 }] }),
    })
    expect(portsOf(put)[0]?.nodePort).toBe(30_081)
    expect(portsOf(await merge('stay', { type: 'ClusterIP' }))[0]?.nodePort).toBeUndefined()
  })

  test('come with a load balancer unless it does without', async () => {
    expect(portsOf(await create('lb', { type: 'LoadBalancer', ports: [http] }))[0]?.nodePort).toBeGreaterThan(30_000)
    const without = await create('lb2', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [http] })
    expect(portsOf(without)[0]?.nodePort).toBeUndefined()
  })
})

test('many Services made at once have addresses of their own, and a deleted one’s is free again', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `many-${index}`)
  const made = await Promise.all(names.map((name) => create(name, { type: 'NodePort', ports: [http] })))
  expect(new Set(made.map((answer) => specOf(answer)['clusterIP'])).size).toBe(60)
  expect(new Set(made.map((answer) => portsOf(answer)[0]?.nodePort)).size).toBe(60)
  const { clusterIP } = specOf(made[0] as Answer)
  await server.call('DELETE', `${services}/many-0`)
  expect((await create('heir', { clusterIP, ports: [http] })).status).toBe(201)
})
