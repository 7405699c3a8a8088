import { describe, expect, it } from 'vitest'
import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume, DataVolumePhase } from '@/contract/kinds/data-volume'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import { diskSizeOf, diskStateOf, joinDisks, percentOf } from './disk'

const claim = (name: string, phase: 'Bound' | 'Pending' | 'Lost' = 'Bound'): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'n' },
  spec: { resources: { requests: { storage: '1Gi' } } },
  status: { phase },
})
const volume = (name: string, phase?: DataVolumePhase, progress?: string): DataVolume => ({
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind: 'DataVolume',
  metadata: { name, namespace: 'n' },
  spec: { source: { http: { url: 'http://x/y.img' } }, storage: { resources: { requests: { storage: '2Gi' } } } },
  status: { ...(phase === undefined ? {} : { phase }), ...(progress ? { progress } : {}) },
})
const machine = (name: string, volumes: { dataVolume?: { name: string } }[]): VirtualMachine => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name, namespace: 'n' },
  spec: { template: { spec: { domain: { devices: {} }, volumes: volumes.map((v, i) => ({ name: `v${i}`, ...v })) } } },
})

describe('disks', () => {
  it('are one row for a claim, its DataVolume and the machines that use it', () => {
    const disks = joinDisks(
      [claim('a'), claim('b')],
      [volume('a', 'Succeeded'), volume('c')],
      [machine('vm1', [{ dataVolume: { name: 'a' } }]), machine('vm2', [{ dataVolume: { name: 'a' } }])],
    )
    expect(disks.map(({ name, machines }) => [name, machines])).toEqual([
      ['a', ['vm1', 'vm2']],
      ['b', []],
      ['c', []],
    ])
  })

  it.each<[string, ReturnType<typeof diskStateOf>, Parameters<typeof diskStateOf>[0]]>([
    ['an import that runs is filling', 'filling', { dataVolume: volume('a', 'ImportInProgress') }],
    ['a DataVolume nobody has looked at yet waits', 'waiting', { dataVolume: volume('a') }],
    [
      'a failed import is failed although its claim is bound',
      'failed',
      { claim: claim('a'), dataVolume: volume('a', 'Failed') },
    ],
    ['a filled disk is ready', 'ready', { claim: claim('a'), dataVolume: volume('a', 'Succeeded') }],
    ['a claim without DataVolume is ready when bound', 'ready', { claim: claim('a') }],
    ['a claim that found no volume waits', 'waiting', { claim: claim('a', 'Pending') }],
    ['a claim whose volume is gone is lost', 'lost', { claim: claim('a', 'Lost') }],
  ])('%s', (_promise, state, disk) => {
    expect(diskStateOf(disk)).toBe(state)
  })

  it('read progress only where the importer knows it', () => {
    expect(percentOf(volume('a', 'ImportInProgress', '45.12%'))).toBe(45.12)
    expect(percentOf(volume('a', 'ImportInProgress', 'N/A'))).toBeUndefined()
    expect(percentOf(volume('a', 'Succeeded', 'N/A'))).toBe(100)
  })

  it('have the size they got, else the one asked for', () => {
    expect(diskSizeOf({ namespace: 'n', name: 'a', claim: claim('a'), machines: [] })).toBe(2 ** 30)
    expect(diskSizeOf({ namespace: 'n', name: 'a', dataVolume: volume('a'), machines: [] })).toBe(2 ** 31)
  })
})
