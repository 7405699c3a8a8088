import { describe, expect, it } from 'vitest'
import type { Node } from '@/contract/kinds/core'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { decidePlacement, type NodeLoad, requestsOf } from './scheduling'

const gibibyte = 2 ** 30

function node(name: string, more: Partial<Node> = {}, usedBytes = 0): NodeLoad {
  const conditions = [{ type: 'Ready', status: 'True' as const }]
  const base: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { allocatable: { cpu: '2', memory: '8Gi' }, conditions },
  }
  return { node: { ...base, ...more }, used: { memoryBytes: usedBytes, cpuMilli: 0 } }
}

function vmi(guest: string, more: Partial<VirtualMachineInstance['spec']> = {}): VirtualMachineInstance {
  const spec = { domain: { memory: { guest }, devices: {} }, ...more }
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name: 'one' }, spec }
}

describe('the choice of a node', () => {
  it('goes to the node with most free memory', () => {
    const nodes = [node('a', {}, 4 * gibibyte), node('b', {}, 2 * gibibyte), node('c', {}, 6 * gibibyte)]
    expect(decidePlacement(vmi('1Gi'), nodes)).toEqual({ nodeName: 'b' })
  })

  it('counts what QEMU needs besides the guest’s memory', () => {
    expect(requestsOf(vmi('1Gi').spec.domain).memoryBytes).toBeGreaterThan(gibibyte)
    expect(decidePlacement(vmi('8Gi'), [node('a')])).toHaveProperty('message')
  })

  it.each([
    ['memory', vmi('64Gi'), node('a'), '0/1 nodes are available: 1 Insufficient memory.'],
    [
      'CPU',
      vmi('1Gi', { domain: { memory: { guest: '1Gi' }, cpu: { sockets: 21 }, devices: {} } }),
      node('a'),
      '1 Insufficient cpu',
    ],
    [
      'labels',
      vmi('1Gi', { nodeSelector: { disk: 'ssd' } }),
      node('a'),
      "1 node(s) didn't match Pod's node affinity/selector",
    ],
    ['a cordon', vmi('1Gi'), node('a', { spec: { unschedulable: true } }), '1 node(s) were unschedulable'],
    [
      'an agent',
      vmi('1Gi'),
      node('a', { status: {} }),
      '1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }',
    ],
  ])('says in the scheduler’s words that it fails for want of %s', (_what, instance, load, words) => {
    expect(decidePlacement(instance, [load])).toEqual({ message: expect.stringContaining(words) as string })
  })

  it('says so when there is no node', () => {
    expect(decidePlacement(vmi('1Gi'), [])).toEqual({ message: 'no nodes available to schedule pods' })
  })
})
