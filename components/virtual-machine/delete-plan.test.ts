import { describe, expect, test } from 'vitest'
import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import { decideDelete, findDisks, keptAtFirst } from './delete-plan'
import type { Machine } from './machine'

const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'a', uid: 'u-a' }

const machine = (name: string, volumes: string[], claims: string[] = []): Machine => ({
  vm: {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'n', uid: `u-${name}` },
    spec: {
      dataVolumeTemplates: volumes.map((volume) => ({ metadata: { name: volume }, spec: {} })),
      template: {
        spec: {
          domain: { devices: {} },
          volumes: [
            ...volumes.map((volume) => ({ name: volume, dataVolume: { name: volume } })),
            ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } })),
            { name: 'cloudinit', cloudInitNoCloud: {} },
          ],
        },
      },
    },
  },
})

const root: DataVolume = {
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind: 'DataVolume',
  metadata: { name: 'a-root', namespace: 'n', ownerReferences: [owner] },
  spec: {},
}

const claim = (name: string, namespace = 'n'): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace },
  spec: {},
  status: { capacity: { storage: '1Gi' } },
})

const vm = machine('a', ['a-root'], ['data'])
const objects = { dataVolumes: [root], claims: [claim('a-root'), claim('data'), claim('data', 'other')] }

describe('deleting a machine', () => {
  test('finds its disks with size, owner and other users', () => {
    const disks = findDisks([vm], [vm, machine('b', [], ['data'])], objects)
    expect(disks).toMatchObject([
      { name: 'a-root', kind: 'DataVolume', owned: true, size: '1Gi', sharedWith: [] },
      { name: 'data', kind: 'PersistentVolumeClaim', owned: false, size: '1Gi', sharedWith: ['b'] },
    ])
  })

  test('by default takes along what it owns and nothing else', () => {
    const disks = findDisks([vm], [], objects)
    const kept = keptAtFirst(disks)
    expect([...kept]).toEqual(['n/a/data'])
    expect(decideDelete(vm, disks, kept).map(({ id }) => id)).toEqual(['machine'])
  })

  test('lets a disk go before the machine, in a way that its controller cannot undo', () => {
    const disks = findDisks([vm], [], objects)
    const steps = decideDelete(vm, disks, new Set(['n/a/a-root', 'n/a/data']))
    expect(steps.map(({ id, disk, forget }) => [id, disk?.name ?? forget])).toEqual([
      ['release', ['a-root']],
      ['keep', 'a-root'],
      ['machine', undefined],
    ])
  })

  test('deletes a disk it does not own only when told to, and after the machine', () => {
    const disks = findDisks([vm], [], objects)
    const steps = decideDelete(vm, disks, new Set())
    expect(steps.map(({ id, disk }) => [id, disk?.name])).toEqual([
      ['machine', undefined],
      ['disk', 'data'],
    ])
  })
})
