import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Kind } from '@/contract/kinds/kind'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { KubeObject } from '@/contract/kube-object'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Connection } from '../cluster/connection'
import type { KubeClient } from '../cluster/kube-client'
import { silentLog } from '../cluster/log'
import { createSocketConnection } from '../cluster/socket-connection'
import { type ApiServer, startApiServer } from '../embedded/api-server'
import { testSchemas } from '../embedded/testing/start-test-server'
import { connectHypervisor } from '../hypervisor/remote-hypervisor'
import { TestAgent } from '../hypervisor/test-agent'
import { type RunningEngine, startEngine } from '../operator/engine/start-engine'
import { buildSubresourceHandlers } from '../operator/engine/subresources/handlers'

/** Of the engine, which may do everything. */
export const engineToken = 'a-token-for-tests'
const base = '/apis/subresources.kubevirt.io/v1/namespaces/demo'

/** The API server, the engine and the hypervisor as they run together, in one process and a home of their own. */
export class Cluster {
  directory = ''
  api!: ApiServer
  listener!: http.Server
  tcp: http.Server | undefined
  connection!: Connection
  client!: KubeClient
  agent!: TestAgent
  engine: RunningEngine | undefined
  readonly #stopping = new AbortController()

  async start(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'chiave-engine-'))
    this.agent = await TestAgent.start()
    const socketPath = join(this.directory, 'api.sock')
    this.connection = createSocketConnection({ name: 'local', socketPath, token: engineToken })
    this.client = createKubeClient(this.connection, { identity: { type: 'self' }, userAgent: 'engine-test' })
    // Streams pass over the agent's socket, as between the processes.
    const remote = connectHypervisor({
      socketPath: this.agent.options.socketPath,
      log: pino({ level: 'silent' }),
      signal: this.#stopping.signal,
    })
    this.api = await startApiServer({
      databasePath: join(this.directory, 'state.db'),
      schemasDirectory: testSchemas,
      encryptionKey: Buffer.alloc(32, 7),
      users: [
        {
          name: 'system:chiave:engine',
          groups: ['system:masters'],
          tokenSha256: createHash('sha256').update(engineToken).digest('hex'),
        },
      ],
      subresources: buildSubresourceHandlers({ client: this.client, hypervisorFor: () => remote }),
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

  /** Serves on TCP as well, for clients that know no unix sockets; resolves with the port. */
  async listenOnTcp(): Promise<number> {
    const server = http.createServer((request, response) => this.api.handleRequest(request, response))
    server.on('upgrade', (request, socket, head) => this.api.handleUpgrade(request, socket, head))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.tcp = server
    return (server.address() as AddressInfo).port // it listens on TCP
  }

  async stop(): Promise<void> {
    await this.engine?.stop()
    this.connection.close()
    this.tcp?.closeAllConnections()
    this.tcp?.close()
    this.listener.closeAllConnections()
    await new Promise((resolve) => this.listener.close(resolve))
    await this.api.close()
    this.#stopping.abort()
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

/** A machine with a blank disk and a seed. */
export function machine(runStrategy: VirtualMachine['spec']['runStrategy']): VirtualMachine {
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
