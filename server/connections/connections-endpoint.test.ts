import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ConnectionInfo, ConnectionList, ConnectionTest } from '@/contract/connections'
import { silentLog } from '@/server/cluster/log'
import { adminToken, configMap, startTestServer, type TestServer } from '@/server/embedded/testing/start-test-server'
import {
  call,
  eventually,
  type GatewayFixture,
  type SignedIn,
  signIn,
  startFixture,
} from '@/server/http/gateway.fixture'
import { createFileRecordStore } from '@/server/records/file-record-store'
import type { RecordStore } from '@/server/records/record-store'
import { type StartedConnections, startConnections } from './start-connections'

let api: TestServer
let directory: string
let kubeconfigPath: string
let records: RecordStore
let started: StartedConnections
let fixture: GatewayFixture
let person: SignedIn

beforeAll(async () => {
  api = await startTestServer()
})
afterAll(() => api.close())

function kubeconfig(contexts: readonly string[], token = adminToken): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url } }],
    users: [{ name: 'u', user: { token } }],
    contexts: contexts.map((name) => ({ name, context: { cluster: 'c', user: 'u' } })),
    'current-context': contexts[0],
  })
}

async function start(contexts: readonly string[]): Promise<void> {
  writeFileSync(kubeconfigPath, kubeconfig(contexts))
  records = createFileRecordStore({ directory: join(directory, 'records'), log: silentLog })
  started = await startConnections({
    first: { type: 'kubeconfig', kubeconfigPath, everyMs: 50 },
    records,
    log: silentLog,
  })
  fixture = await startFixture({
    connections: started.connections,
    connectionsEndpoint: started.endpoint,
    records,
    issueIdentity: () => ({ type: 'self' }),
  })
  person = await signIn(fixture)
}

async function stop(): Promise<void> {
  await fixture.stop()
  started.close()
  await records.close()
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'chiave-connections-'))
  kubeconfigPath = join(directory, 'kubeconfig')
  await start(['lab'])
})
afterEach(async () => {
  await stop()
  rmSync(directory, { recursive: true })
})

const ask = (method: string, path: string, body?: unknown, headers = {}) =>
  call(fixture, {
    method,
    path,
    headers: { ...person.headers, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
const list = async () => JSON.parse((await ask('GET', '/connections')).body) as ConnectionList
const names = async () => (await list()).connections.map(({ name }) => name)
const allow = (name: string) => ask('PUT', `/connections/${name}/read-only`, { readOnly: false })
const configMaps = (cluster: string) => `/k8s/${cluster}/api/v1/namespaces/default/configmaps`

describe('the connections of a console with a kubeconfig', () => {
  it('are one called cluster when the file has one context', async () => {
    const { connections, mayManage } = await list()
    expect(mayManage).toBe(true)
    expect(connections).toMatchObject([
      { name: 'cluster', displayName: 'lab', type: 'kubeconfig', user: 'u', context: 'lab', removable: false },
    ])
    await eventually(async () => (await list()).connections[0]?.health.state).toBe('connected')
    expect((await list()).connections[0]?.version).toMatch(/^v1\./)
  })

  it('follow the file: contexts come and go, and who was there keeps their address', async () => {
    writeFileSync(kubeconfigPath, kubeconfig(['lab', 'prod']))
    await eventually(names).toEqual(['cluster', 'prod'])
    writeFileSync(kubeconfigPath, 'clusters: [')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await names()).toEqual(['cluster', 'prod'])
    writeFileSync(kubeconfigPath, kubeconfig(['prod']))
    await eventually(names).toEqual(['prod'])
    expect((await ask('GET', '/k8s/cluster/version')).status).toBe(404)
  })

  it('take new credentials from the file into use', async () => {
    writeFileSync(kubeconfigPath, kubeconfig(['lab'], 'wrong'))
    await eventually(async () => (await ask('GET', '/k8s/cluster/api/v1/nodes')).status).toBe(401)
    writeFileSync(kubeconfigPath, kubeconfig(['lab']))
    await eventually(async () => (await ask('GET', '/k8s/cluster/api/v1/nodes')).status).toBe(200)
  })
})

describe('the read-only switch', () => {
  it('keeps an outside cluster as it is until the person decides otherwise, and remembers that', async () => {
    expect((await list()).connections[0]).toMatchObject({ readOnly: true, readOnlyByDefault: true, decided: false })
    const refused = await ask('POST', configMaps('cluster'), configMap('kept-out'))
    expect(refused.status).toBe(403)
    expect(refused.body).toContain('ReadOnlyConnection')
    expect((await ask('GET', configMaps('cluster'))).status).toBe(200)
    expect((await ask('POST', `${configMaps('cluster')}?dryRun=All`, configMap('tried'))).status).toBe(201)

    expect((await allow('cluster')).status).toBe(200)
    expect((await ask('POST', configMaps('cluster'), configMap('let-in'))).status).toBe(201)
    await stop()
    await start(['lab'])
    expect((await list()).connections[0]).toMatchObject({ readOnly: false, decided: true })
    expect((await ask('PUT', '/connections/cluster/read-only', { readOnly: true })).status).toBe(200)
    expect((await ask('DELETE', `${configMaps('cluster')}/let-in`)).status).toBe(403)
  })

  it('is turned by our own pages alone', async () => {
    const elsewhere = await ask(
      'PUT',
      '/connections/cluster/read-only',
      { readOnly: false },
      { origin: 'https://evil.example' },
    )
    expect(elsewhere.status).toBe(403)
    const unmarked = await ask(
      'PUT',
      '/connections/cluster/read-only',
      { readOnly: false },
      { 'x-chiave-csrf': 'guessed' },
    )
    expect(unmarked.status).toBe(403)
    expect((await list()).connections[0]?.readOnly).toBe(true)
    expect((await ask('PUT', '/connections/nowhere/read-only', { readOnly: false })).status).toBe(404)
    expect((await ask('PUT', '/connections/cluster/read-only', { readOnly: 'no' })).status).toBe(400)
  })
})

describe('a connection that is added in the console', () => {
  it('is tried first, then kept, used, renamed and removed', async () => {
    const tried = await ask('POST', '/connections', { kubeconfig: kubeconfig(['edge', 'other']), test: true })
    expect(tried.status).toBe(200)
    const test = JSON.parse(tried.body) as ConnectionTest
    expect(test).toMatchObject({ context: 'edge', contexts: ['edge', 'other'], identity: { user: 'admin' } })
    expect(test.health.state).toMatch(/connected|slow/)
    expect(await names()).toEqual(['cluster'])

    const added = await ask('POST', '/connections', { kubeconfig: kubeconfig(['edge']), displayName: 'Edge of Town' })
    expect(added.status).toBe(201)
    const { name } = JSON.parse(added.body) as ConnectionInfo
    expect(name).toBe('edge-of-town')
    expect(added.body).not.toContain(adminToken)
    expect((await ask('GET', `/k8s/${name}/version`)).status).toBe(200)
    expect((await ask('GET', '/auth/session')).body).toContain('Edge of Town')

    expect((await ask('PATCH', `/connections/${name}`, { displayName: 'Edge' })).status).toBe(200)
    await stop()
    await start(['lab'])
    expect((await list()).connections.at(-1)).toMatchObject({
      name,
      displayName: 'Edge',
      removable: true,
      readOnly: true,
    })
    expect((await ask('DELETE', `/connections/${name}`)).status).toBe(204)
    expect(await names()).toEqual(['cluster'])
    expect((await ask('GET', `/k8s/${name}/version`)).status).toBe(404)
  })

  it('gets an address that no other one has', async () => {
    for (let count = 0; count < 3; count += 1)
      await ask('POST', '/connections', { kubeconfig: kubeconfig(['cluster']) })
    const all = await names()
    expect(all).toHaveLength(4)
    expect(new Set(all).size).toBe(4)
  })

  it('is told about when nobody answers there', async () => {
    const dead = kubeconfig(['gone']).replace(api.url, 'http://127.0.0.1:1')
    const test = JSON.parse(
      (await ask('POST', '/connections', { kubeconfig: dead, test: true })).body,
    ) as ConnectionTest
    expect(test.health).toMatchObject({ state: 'unreachable' })
    expect(test.identity).toBeUndefined()
  })

  it('is refused when it would run something here, in words for people', async () => {
    const bad = kubeconfig(['x']).replace(/token: .*/, 'exec: { command: touch, args: [/tmp/owned], apiVersion: v1 }')
    const answer = await ask('POST', '/connections', { kubeconfig: bad })
    expect(answer.status).toBe(422)
    expect(answer.body).toMatch(/exec/)
    expect((await ask('POST', '/connections', { kubeconfig: 'x'.repeat(2_000_000) })).status).toBe(413)
    expect((await ask('POST', '/connections', 'text')).status).toBe(400)
    expect(await names()).toEqual(['cluster'])
  })

  it('is kept where the console alone can read it', async () => {
    await ask('POST', '/connections', { kubeconfig: kubeconfig(['edge']) })
    expect(readFileSync(join(directory, 'records/connections/edge.json'), 'utf8')).toContain(adminToken)
    expect(JSON.stringify(fixture.logged())).not.toContain(adminToken)
  })

  it('leaves what came with the start alone', async () => {
    expect((await ask('DELETE', '/connections/cluster')).status).toBe(404)
    expect((await ask('PATCH', '/connections/cluster', { displayName: 'x' })).status).toBe(404)
    expect(await names()).toEqual(['cluster'])
  })
})

it('has a page at the address of the list, for browsers that open it', async () => {
  const page = await ask('GET', '/connections', undefined, { accept: 'text/html,*/*' })
  expect(page.body).toContain('<html')
  expect((await call(fixture, { path: '/connections' })).status).toBe(401)
})
