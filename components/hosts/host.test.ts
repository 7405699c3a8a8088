import { describe, expect, it } from 'vitest'
import type { Node } from '@/contract/kinds/core'
import type { KubeVirt } from '@/contract/kinds/platform'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import { capacityOf, emulationOf, hostStateOf, storageOf, troublesOf, virtualizationOf } from './host'

const node = (more: Partial<Node['status']> & { annotations?: Record<string, string> } = {}): Node => {
  const { annotations = {}, ...status } = more
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', annotations },
    status: { capacity: { cpu: '4', memory: '8Gi' }, ...status },
  }
}
const guest = (nodeName: string, phase: VmiPhase, memory = '1Gi'): VirtualMachineInstance => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'g' },
  spec: { domain: { cpu: { cores: 2 }, memory: { guest: memory }, devices: {} } },
  status: { phase, nodeName },
})
const kubeVirt = (useEmulation: boolean): KubeVirt => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'KubeVirt',
  metadata: { name: 'kubevirt' },
  spec: { configuration: { developerConfiguration: { useEmulation } } },
})

describe('capacity', () => {
  it('counts only guests that live on the hosts asked about', () => {
    const vmis = [
      guest('a', 'Running'),
      guest('a', 'Scheduled', '512Mi'),
      guest('a', 'Succeeded'),
      guest('b', 'Running'),
    ]
    expect(capacityOf([node()], vmis)).toEqual({
      cpus: { used: 4, total: 4 },
      memory: { used: 1.5 * 2 ** 30, total: 8 * 2 ** 30 },
    })
  })

  it('knows the room for disks only where the host says it', () => {
    const told = node({ annotations: { 'chiave.io/storage': '{"totalBytes":100,"availableBytes":40}' } })
    expect(storageOf(told)).toEqual({ used: 60, total: 100 })
    expect(capacityOf([told, node()], []).storage).toEqual({ used: 60, total: 100 })
    for (const text of ['', 'much', 'null', '{"totalBytes":"100"}']) {
      expect(storageOf(node({ annotations: { 'chiave.io/storage': text } }))).toBeUndefined()
    }
  })
})

describe('emulation', () => {
  it('is what the host says, in its words', () => {
    expect(emulationOf(node({ annotations: { 'chiave.io/emulation-reason': 'no /dev/kvm' } }), [])).toEqual({
      reason: 'no /dev/kvm',
    })
  })

  it('follows from a missing device only where the platform allows it', () => {
    expect(emulationOf(node({ allocatable: {} }), [kubeVirt(true)])).toEqual({})
    expect(emulationOf(node({ allocatable: {} }), [kubeVirt(false)])).toBeUndefined()
    expect(emulationOf(node({ allocatable: { 'devices.kubevirt.io/kvm': '1k' } }), [kubeVirt(true)])).toBeUndefined()
  })
})

describe('virtualization', () => {
  it('is by hardware only where KVM is offered', () => {
    expect(virtualizationOf(node({ allocatable: { 'devices.kubevirt.io/kvm': '1k' } }), [])).toBe('hardware')
    expect(virtualizationOf(node({ allocatable: { 'devices.kubevirt.io/kvm': '0' } }), [])).toBe('none')
    expect(virtualizationOf(node({ allocatable: {} }), [kubeVirt(true)])).toBe('emulation')
  })
})

describe('the state of a host', () => {
  it('is not ready when it does not say so', () => {
    expect(hostStateOf(node())).toBe('notReady')
    expect(hostStateOf(node({ conditions: [{ type: 'Ready', status: 'True' }] }))).toBe('ready')
  })

  it('names the conditions that are wrong', () => {
    const conditions = [
      { type: 'Ready', status: 'True' as const },
      { type: 'DiskPressure', status: 'True' as const },
      { type: 'MemoryPressure', status: 'False' as const },
    ]
    expect(troublesOf(node({ conditions })).map(({ type }) => type)).toEqual(['DiskPressure'])
  })
})
