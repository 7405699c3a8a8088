import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventKind, namespaceKind, nodeKind, persistentVolumeClaimKind, podKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import type { Kind } from '@/contract/kinds/kind'
import { kubeVirtKind } from '@/contract/kinds/platform'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject } from '@/contract/kube-object'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Connection } from '../cluster/connection'
import type { KubeClient } from '../cluster/kube-client'
import { silentLog } from '../cluster/log'
import { createSocketConnection } from '../cluster/socket-connection'
import { type ApiServer, startApiServer } from '../embedded/api-server'
import { TestAgent } from '../hypervisor/test-agent'
import { testGuestImage } from '../hypervisor/test-guest'
import { type RunningEngine, startEngine } from '../operator/engine/start-engine'
import { buildSubresourceHandlers } from '../operator/engine/subresources/handlers'

const token = 'a-token-for-tests'
const base = '/apis/subresources.kubevirt.io/v1/namespaces/demo'

/** The API server, the engine and the hypervisor as they run together, in one process and a home of their own. */
class Cluster {
  directory = ''
  api!: ApiServer
  listener!: http.Server
  connection!: Connection
  client!: KubeClient
  agent!: TestAgent
  engine: RunningEngine | undefined

  async start(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'chiave-engine-'))
    this.agent = await TestAgent.start()
    const socketPath = join(this.directory, 'api.sock')
    this.connection = createSocketConnection({ name: 'local', socketPath, token })
    this.client = createKubeClient(this.connection, { identity: { type: 'self' }, userAgent: 'engine-test' })
    this.api = await startApiServer({
      databasePath: join(this.directory, 'state.db'),
      encryptionKey: Buffer.alloc(32, 7),
      users: [
        {
          name: 'system:chiave:engine',
          groups: ['system:masters'],
          tokenSha256: createHash('sha256').update(token).digest('hex'),
        },
      ],
      subresources: buildSubresourceHandlers({ client: this.client, hypervisorFor: () => this.agent.hypervisor }),
    })
    this.listener = http.createServer((request, response) => this.api.handleRequest(request, response))
    this.listener.on('upgrade', (request, socket, head) => this.api.handleUpgrade(request, socket, head))
    await new Promise<void>((resolve) => this.listener.listen(socketPath, resolve))
    await this.startEngine()
  }

  async startEngine(): Promise<void> {
    this.engine = await startEngine({
      client: this.client,
      hypervisors: new Map([['node-1', this.agent.hypervisor]]),
      log: silentLog,
      signal: new AbortController().signal,
    })
  }

  async stop(): Promise<void> {
    await this.engine?.stop()
    this.connection.close()
    this.listener.closeAllConnections()
    await new Promise((resolve) => this.listener.close(resolve))
    await this.api.close()
    await this.agent.stop()
    await rm(this.directory, { recursive: true, force: true })
  }

  /** Waits until an object (or its absence) is as wanted. */
  async until<T extends KubeObject>(
    kind: Kind<T>,
    name: string,
    holds: (object: T | undefined) => boolean,
    seconds = 20,
  ): Promise<T | undefined> {
    const deadline = Date.now() + seconds * 1000
    for (;;) {
      const object = await this.client.find(kind, { ...(kind.namespaced ? { namespace: 'demo' } : {}), name })
      if (holds(object)) return object
      if (Date.now() > deadline)
        throw new Error(`${kind.kind} ${name} did not get there: ${JSON.stringify(object, null, 1)}`)
      await sleep(25)
    }
  }

  printable(status: string, name = 'one', seconds = 20): Promise<VirtualMachine | undefined> {
    return this.until(virtualMachineKind, name, (vm) => vm?.status?.printableStatus === status, seconds)
  }

  act(resource: string, subresource: string, body?: unknown): Promise<unknown> {
    return this.client.raw('PUT', `${base}/${resource}/one/${subresource}`, body)
  }
}

function machine(runStrategy: VirtualMachine['spec']['runStrategy']): VirtualMachine {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'one', namespace: 'demo' },
    spec: {
      ...(runStrategy ? { runStrategy } : {}),
      dataVolumeTemplates: [
        {
          metadata: { name: 'one-root' },
          spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Mi' } } } },
        },
      ],
      template: {
        spec: {
          terminationGracePeriodSeconds: 20,
          domain: {
            memory: { guest: '32Mi' },
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'seed', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', dataVolume: { name: 'one-root' } },
            { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\n' } },
          ],
        },
      },
    },
  }
}

describe('the engine with the real API server and the real hypervisor', () => {
  const cluster = new Cluster()
  beforeAll(async () => {
    await cluster.start()
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }
    await cluster.client.create(namespaceKind, object)
  })
  afterAll(() => cluster.stop())

  const printed = async (vmi: VirtualMachineInstance | undefined, text: string) => {
    const deadline = Date.now() + 15_000
    while (!(await cluster.agent.hypervisor.serialLog(vmi?.metadata.uid ?? '', 65_536)).includes(text)) {
      if (Date.now() > deadline) throw new Error(`“${text}” was not printed`)
      await sleep(25)
    }
  }

  it('registers its node and describes the platform', async () => {
    const node = await cluster.until(
      nodeKind,
      'node-1',
      (found) => found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    )
    expect(Number(node?.status?.capacity?.['cpu'])).toBeGreaterThan(0)
    const kubeVirt = await cluster.client.get(kubeVirtKind, { namespace: 'kubevirt', name: 'kubevirt' })
    expect(kubeVirt.status).toMatchObject({ phase: 'Deployed', observedKubeVirtVersion: 'v1.9.0' })
  })

  it('fills the disk, boots the guest, pauses it, and keeps it over its own restart', async () => {
    await cluster.client.create(virtualMachineKind, machine('Halted'))
    await cluster.until(dataVolumeKind, 'one-root', (dataVolume) => dataVolume?.status?.phase === 'Succeeded')
    await cluster.printable('Stopped')
    const claim = await cluster.client.get(persistentVolumeClaimKind, { namespace: 'demo', name: 'one-root' })
    expect(claim.status).toMatchObject({ phase: 'Bound', capacity: { storage: '1Mi' } })
    await writeFile(cluster.agent.diskPath(claim.metadata.uid ?? ''), testGuestImage('MARKER01'))

    await cluster.act('virtualmachines', 'start')
    await cluster.printable('Running')
    const vmi = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    await printed(vmi, 'ready MARKER01')
    expect(vmi.status?.interfaces?.[0]?.ipAddress).toMatch(/^10\.42\.\d+\.\d+$/)
    expect(vmi.status?.volumeStatus?.map(({ name, target }) => [name, target])).toEqual([
      ['root', 'vda'],
      ['seed', 'vdb'],
    ])
    const [pod] = (
      await cluster.client.list(podKind, { namespace: 'demo', labelSelector: 'kubevirt.io=virt-launcher' })
    ).items
    expect(pod?.status?.phase).toBe('Running')

    await expect(cluster.act('virtualmachines', 'start')).rejects.toMatchObject({ code: 409 })
    await cluster.act('virtualmachineinstances', 'pause')
    await cluster.printable('Paused')
    await cluster.engine?.stop()
    await cluster.startEngine()
    await cluster.act('virtualmachineinstances', 'unpause')
    await cluster.printable('Running')
    const same = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    expect(same.metadata.uid).toBe(vmi.metadata.uid)
  })

  it('restarts the guest in order and brings it back when it breaks down', async () => {
    const before = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    await cluster.act('virtualmachines', 'restart')
    const next = await cluster.until(
      virtualMachineInstanceKind,
      'one',
      (vmi) => vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && vmi.status?.phase === 'Running',
    )
    await printed(next, 'ready MARKER01')
    expect(next?.status?.interfaces).toEqual(before.status?.interfaces)
    const pid = (await cluster.agent.hypervisor.machine(next?.metadata.uid ?? ''))?.pid
    process.kill(pid ?? 0, 'SIGKILL')
    const again = await cluster.until(
      virtualMachineInstanceKind,
      'one',
      (vmi) => vmi !== undefined && vmi.metadata.uid !== next?.metadata.uid && vmi.status?.phase === 'Running',
    )
    await printed(again, 'ready MARKER01')
    const events = await cluster.client.list(eventKind, { namespace: 'demo' })
    expect(events.items.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['SuccessfulCreate', 'SuccessfulDelete', 'Started', 'ShuttingDown', 'Stopped']),
    )
  })

  it('leaves no process, no file and no object when the machine and its namespace go', async () => {
    await cluster.client.delete(virtualMachineKind, { namespace: 'demo', name: 'one' })
    await cluster.until(virtualMachineKind, 'one', (vm) => vm === undefined)
    await cluster.until(persistentVolumeClaimKind, 'one-root', (claim) => claim === undefined)
    await cluster.client.delete(namespaceKind, { name: 'demo' })
    await cluster.until(namespaceKind, 'demo', (namespace) => namespace === undefined)
    const deadline = Date.now() + 10_000
    const left = async () => {
      const machines = await cluster.agent.hypervisor.machines()
      const disks = await cluster.agent.hypervisor.disks()
      return machines.length + disks.length
    }
    while ((await left()) > 0 && Date.now() < deadline) await sleep(50)
    expect(await left()).toBe(0)
    expect(await readdir(join(cluster.agent.home, 'node-1', 'machines'))).toEqual([])
  })
})
