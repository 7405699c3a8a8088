import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventKind, namespaceKind, podKind } from '@/contract/kinds/core'
import { resourceQuotaKind } from '@/contract/kinds/policy'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { createKubeClient } from '../cluster/client/kube-client'
import type { KubeClient } from '../cluster/kube-client'
import { silentLog } from '../cluster/log'
import { createSocketConnection } from '../cluster/socket-connection'
import { type ApiServer, startApiServer } from '../embedded/api-server'
import { testSchemas } from '../embedded/testing/start-test-server'
import { diskless } from '../operator/engine/engine-bench.fixture'
import { createMemoryHypervisor } from '../operator/engine/memory-hypervisor.fixture'
import { type RunningEngine, startEngine } from '../operator/engine/start-engine'

/** Only the engine itself may say how a machine fares. */
const token = 'engine-token'
let directory: string
let api: ApiServer
let engine: RunningEngine
let server: http.Server
let client: KubeClient

/** A namespace with a quota, and a machine in it that is to run. */
async function startIn(namespace: string, hard: Record<string, string>, labels: Record<string, string> = {}) {
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
  await client.create(resourceQuotaKind, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'small', namespace },
    spec: { hard },
  })
  const machine = diskless()
  machine.metadata.namespace = namespace
  machine.spec.template.spec.domain.memory = { guest: '1Gi' }
  await client.create(virtualMachineKind, machine)
  return { namespace, name: machine.metadata.name }
}

const synchronized = async (ref: { namespace: string; name: string }) =>
  (await client.find(virtualMachineInstanceKind, ref))?.status?.conditions?.find(({ type }) => type === 'Synchronized')
const launchers = async (namespace: string) => (await client.list(podKind, { namespace })).items

describe('the pod that stands for a machine', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'chiave-launcher-quota-'))
    api = await startApiServer({
      databasePath: path.join(directory, 'state.db'),
      schemasDirectory: testSchemas,
      encryptionKey: Buffer.alloc(32, 1),
      users: [
        {
          name: 'system:chiave:engine',
          groups: ['system:masters'],
          tokenSha256: createHash('sha256').update(token).digest('hex'),
        },
      ],
    })
    const socketPath = path.join(directory, 'api.sock')
    server = http.createServer((request, response) => api.handleRequest(request, response))
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    const connection = createSocketConnection({ name: 'local', socketPath, token, impersonate: false })
    client = createKubeClient(connection, { identity: { type: 'self' }, userAgent: 'chiave-engine' })
    engine = await startEngine({
      client,
      hypervisors: new Map([['node-1', createMemoryHypervisor()]]),
      log: silentLog,
      signal: new AbortController().signal,
    })
  }, 60_000)
  afterAll(async () => {
    await engine.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await api.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test.each([
    ['pods', { pods: '0' }, /exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0$/],
    [
      'memory',
      { 'requests.memory': '512Mi' },
      /exceeded quota: small, requested: requests.memory=\S+, used: requests.memory=0, limited: requests.memory=512Mi$/,
    ],
  ])('that a quota of %s refuses is told by instance and machine, until there is room', async (what, hard, why) => {
    const ref = await startIn(`full-${what}`, hard)
    await expect
      .poll(() => synchronized(ref), { timeout: 20_000 })
      .toMatchObject({
        status: 'False',
        reason: 'FailedCreate',
        message: expect.stringMatching(
          /^failed to create virtual machine pod: pods "virt-launcher-\S+" is forbidden: /,
        ),
      })
    expect((await synchronized(ref))?.message).toMatch(why)
    expect((await client.find(virtualMachineInstanceKind, ref))?.status?.phase).toBe('Pending')
    const ofMachine = async () =>
      (await client.find(virtualMachineKind, ref))?.status?.conditions?.find(({ type }) => type === 'Synchronized')
    await expect.poll(ofMachine, { timeout: 20_000 }).toMatchObject({ status: 'False', reason: 'FailedCreate' })
    const told = async () =>
      (await client.list(eventKind, { namespace: ref.namespace })).items.find(({ reason }) => reason === 'FailedCreate')
    await expect.poll(told, { timeout: 20_000 }).toMatchObject({
      type: 'Warning',
      involvedObject: { kind: 'VirtualMachineInstance', name: ref.name },
      message: expect.stringMatching(
        /^Error creating pod: pods "virt-launcher-\S+" is forbidden: exceeded quota: small/,
      ),
    })

    await client.delete(resourceQuotaKind, { namespace: ref.namespace, name: 'small' })
    const phase = async () => (await client.find(virtualMachineInstanceKind, ref))?.status?.phase
    await expect.poll(phase, { timeout: 30_000 }).toBe('Running')
    expect(await synchronized(ref)).toMatchObject({ status: 'True' })
  })

  test('has a memory limit of its own where a quota asks for one, by the namespace’s ratio', async () => {
    await startIn('limited', { 'limits.memory': '16Gi' })
    await startIn('ratio', { 'limits.memory': '16Gi' }, { 'alpha.kubevirt.io/auto-memory-limits-ratio': '3' })
    for (const [namespace, ratio] of [
      ['limited', 2],
      ['ratio', 3],
    ] as const) {
      await expect.poll(() => launchers(namespace), { timeout: 20_000 }).toHaveLength(1)
      const resources = (await launchers(namespace))[0]?.spec.containers[0]?.resources
      const [requested, limit] = [resources?.requests, resources?.limits].map((list) => bytesOf(list?.['memory']))
      expect(limit).toBe(Number(requested) * ratio)
      expect(resources?.limits?.['cpu']).toBeUndefined()
    }
  })

  test('runs as the namespace’s service account, without limits that nobody asked for', async () => {
    await startIn('plain', { pods: '5' })
    await expect.poll(() => launchers('plain'), { timeout: 20_000 }).toHaveLength(1)
    const [pod] = await launchers('plain')
    expect(pod?.spec).toMatchObject({ serviceAccountName: 'default' })
    expect(pod?.spec.containers[0]?.resources?.limits).toBeUndefined()
  })
})

/** Whole bytes, as they come in Ki, Mi or Gi. */
function bytesOf(quantity: string | undefined): number {
  const [, number = '', unit = ''] = /^(\d+)(Ki|Mi|Gi)?$/.exec(quantity ?? '') ?? []
  return Number(number) * 1024 ** ['', 'Ki', 'Mi', 'Gi'].indexOf(unit)
}
