import { namespaceKind } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject } from '@/contract/kube-object'
import { createMemoryApi, type MemoryApi } from '@/server/cluster/client/memory-api.fixture'
import { createFakeClock, type FakeClock, settle } from '@/server/cluster/fake-clock.fixture'
import { silentLog } from '@/server/cluster/log'
import { createMemoryHypervisor, type MemoryHypervisor } from './memory-hypervisor.fixture'
import { type RunningEngine, startEngine } from './start-engine'

/** The whole engine on an API and a host in memory, with the clock in hand. */
export interface EngineBench {
  api: MemoryApi
  host: MemoryHypervisor
  clock: FakeClock
  engine: RunningEngine
  /** Lets everything happen that is due within `ms`. */
  run(ms?: number): Promise<void>
  vm(name?: string): VirtualMachine | undefined
  vmi(name?: string): VirtualMachineInstance | undefined
  dataVolume(name: string): DataVolume | undefined
  /** Ends the engine as a kill would and starts another on the same API and host. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startBench(): Promise<EngineBench> {
  const clock = createFakeClock()
  const api = createMemoryApi({ now: clock.now })
  const host = createMemoryHypervisor()
  await api.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } })

  async function start() {
    const starting = startEngine({
      client: api.client,
      hypervisors: new Map([['node-1', host]]),
      clock,
      log: silentLog,
      signal: new AbortController().signal,
    })
    await clock.advance(1000)
    return starting
  }

  const named = <T extends KubeObject>(objects: T[], name: string) => objects.find((one) => one.metadata.name === name)
  const bench: EngineBench = {
    api,
    host,
    clock,
    engine: await start(),
    async run(ms = 3_000) {
      for (let passed = 0; passed < ms; passed += 500) {
        await settle(6)
        await clock.advance(500)
      }
    },
    vm: (name = 'one') => named(api.all(virtualMachineKind), name),
    vmi: (name = 'one') => named(api.all(virtualMachineInstanceKind), name),
    dataVolume: (name) => named(api.all(dataVolumeKind), name),
    async restart() {
      await bench.engine.stop()
      bench.engine = await start()
    },
    async stop() {
      await bench.engine.stop()
    },
  }
  return bench
}

/** A small machine with one disk that a DataVolume template fills. */
export function machine(changes: Partial<VirtualMachine['spec']> = {}, name = 'one'): VirtualMachine {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'demo' },
    spec: {
      runStrategy: 'Always',
      dataVolumeTemplates: [
        {
          metadata: { name: `${name}-root` },
          spec: {
            source: { http: { url: 'http://example.com/disk.qcow2' } },
            storage: { resources: { requests: { storage: '1Gi' } } },
          },
        },
      ],
      template: {
        metadata: { labels: { app: name } },
        spec: {
          domain: {
            memory: { guest: '128Mi' },
            devices: {
              disks: [{ name: 'root', disk: { bus: 'virtio' } }],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [{ name: 'root', dataVolume: { name: `${name}-root` } }],
        },
      },
      ...changes,
    },
  }
}

/** The machine without any disk. */
export function diskless(changes: Partial<VirtualMachine['spec']> = {}, name = 'one'): VirtualMachine {
  const { dataVolumeTemplates: _templates, ...spec } = machine(changes, name).spec
  const { volumes: _volumes, ...template } = spec.template.spec
  const domain = { ...template.domain, devices: { interfaces: template.domain.devices.interfaces ?? [] } }
  return { ...machine({}, name), spec: { ...spec, template: { ...spec.template, spec: { ...template, domain } } } }
}
