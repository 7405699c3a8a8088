import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKubeClient } from '../cluster/client/kube-client'
import { silentLog } from '../cluster/log'
import { createSocketConnection } from '../cluster/socket-connection'
import { type ApiServer, startApiServer } from '../embedded/api-server'
import { adminToken, testSchemas, testUsers } from '../embedded/testing/start-test-server'
import { type StockKubectl, serveStockKubectl, withoutKubectl } from '../embedded/testing/stock-kubectl'
import { ensureCertificates } from '../home/certificates'
import { createMemoryHypervisor } from '../operator/engine/memory-hypervisor.fixture'
import { type RunningEngine, startEngine } from '../operator/engine/start-engine'

let directory: string
let api: ApiServer
let engine: RunningEngine
let local: http.Server
let stock: StockKubectl

const kubectl = (args: string[], input?: unknown) => stock.kubectl(args, { input })

const uidOf = (name: string) => kubectl(['get', 'cm', name, '-o', 'jsonpath={.metadata.uid}'])
const names = async () => (await kubectl(['get', 'cm', '-o', 'name', '-l', 'test=yes'])).split('\n').filter(Boolean)
const map = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { test: 'yes' }, ...more },
})

async function family(owner: string, more: object = {}): Promise<void> {
  await kubectl(['create'], map(owner))
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: await uidOf(owner) }
  await kubectl(['create'], map(`${owner}-child`, { ownerReferences: [{ ...reference, ...more }] }))
}

describe.skipIf(withoutKubectl)('housekeeping, seen with stock kubectl', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'chiave-housekeeping-'))
    const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
    api = await startApiServer({
      databasePath: path.join(directory, 'state.db'),
      schemasDirectory: testSchemas,
      encryptionKey: Buffer.alloc(32, 1),
      users: testUsers,
    })
    const socketPath = path.join(directory, 'api.sock')
    local = http.createServer((request, response) => api.handleRequest(request, response))
    await new Promise<void>((resolve) => local.listen(socketPath, resolve))
    stock = await serveStockKubectl(directory, { api, certificates })
    const connection = createSocketConnection({ name: 'local', socketPath, token: adminToken, impersonate: false })
    engine = await startEngine({
      client: createKubeClient(connection, { identity: { type: 'self' }, userAgent: 'chiave-engine' }),
      hypervisors: new Map([['node-1', createMemoryHypervisor()]]),
      log: silentLog,
      signal: new AbortController().signal,
    })
  }, 60_000)
  afterAll(async () => {
    await engine.stop()
    await stock.close()
    local.closeAllConnections()
    await new Promise((resolve) => local.close(resolve))
    await api.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('a deletion in the background takes the children along', async () => {
    await family('plain')
    await kubectl(['delete', 'cm', 'plain'])
    await expect.poll(names, { timeout: 20_000 }).toEqual([])
  })

  test('an orphaning deletion leaves the children, without their owner', async () => {
    await family('leaver')
    expect(await kubectl(['delete', 'cm', 'leaver', '--cascade=orphan'])).toContain('deleted')
    await expect.poll(names, { timeout: 20_000 }).toEqual(['configmap/leaver-child'])
    expect(await kubectl(['get', 'cm', 'leaver-child', '-o', 'jsonpath={.metadata.ownerReferences}'])).toBe('')
    await kubectl(['delete', 'cm', 'leaver-child'])
  })

  test('a deletion in the foreground ends when the children that block it have gone', async () => {
    await family('waiter', { blockOwnerDeletion: true })
    await kubectl(['patch', 'cm', 'waiter-child', '--type=merge', '-p', '{"metadata":{"finalizers":["a.b/c"]}}'])
    await kubectl(['delete', 'cm', 'waiter', '--cascade=foreground', '--wait=false'])
    const stamp = ['get', 'cm', 'waiter-child', '-o', 'jsonpath={.metadata.deletionTimestamp}']
    await expect.poll(() => kubectl(stamp), { timeout: 20_000 }).toMatch(/^\d{4}-/)
    expect(await kubectl(['get', 'cm', 'waiter', '-o', 'jsonpath={.metadata.finalizers}'])).toContain(
      'foregroundDeletion',
    )
    await kubectl(['patch', 'cm', 'waiter-child', '--type=merge', '-p', '{"metadata":{"finalizers":[]}}'])
    await expect.poll(names, { timeout: 20_000 }).toEqual([])
  })

  test('quota is made, described and held to', async () => {
    expect(await kubectl(['create', 'ns', 'small'])).toContain('created')
    expect(await kubectl(['create', 'quota', 'q', '-n', 'small', '--hard=count/secrets=1,pods=2'])).toContain('created')
    expect(await kubectl(['create', 'secret', 'generic', 'a', '-n', 'small'])).toContain('created')
    expect(await kubectl(['create', 'secret', 'generic', 'b', '-n', 'small'])).toContain(
      'secrets "b" is forbidden: exceeded quota: q, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1',
    )
    await expect
      .poll(() => kubectl(['describe', 'quota', 'q', '-n', 'small']), { timeout: 20_000 })
      .toMatch(/count\/secrets\s+1\s+1\npods\s+0\s+2/)
    expect(await kubectl(['get', 'quota', '-n', 'small'])).toMatch(/count\/secrets: 1\/1, pods: 0\/2/)
  })

  test('a namespace goes with all that is in it, custom objects too', async () => {
    expect(await kubectl(['delete', 'ns', 'small', '--timeout=30s'])).toContain('deleted')
    expect(await kubectl(['get', 'secrets', '-n', 'small'])).toContain('No resources found')
  })

  test('kinds of containers are tried, never kept', async () => {
    const create = ['create', 'deployment', 'd', '--image=i']
    expect(await kubectl([...create, '--dry-run=server'])).toContain('created (server dry run)')
    expect(await kubectl(create)).toContain('this cluster runs no containers')
    expect(await kubectl(['run', 'p', '--image=i'])).toContain('this cluster runs no containers')
    expect(await kubectl(['create', 'job', 'j', '--image=i'])).toContain('this cluster runs no containers')
    expect(await kubectl(['get', 'deploy,sts,ds,rs,jobs,cronjobs'])).toContain('No resources found')
  })

  test('services and priority classes come as kubectl makes them', async () => {
    expect(await kubectl(['create', 'service', 'nodeport', 'web', '--tcp=80:8080'])).toContain('created')
    expect(await kubectl(['get', 'svc', 'web'])).toMatch(/web\s+NodePort\s+10\.43\.\d+\.\d+\s+<none>\s+80:3\d{4}\/TCP/)
    expect(await kubectl(['create', 'priorityclass', 'high', '--value=1000'])).toContain('created')
    expect(await kubectl(['get', 'pc'])).toMatch(/system-node-critical\s+2000001000/)
  })
})
