import { describe, expect, test } from 'vitest'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import { decideBootProgress, readPercent } from './boot-progress'

const vm: VirtualMachine = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name: 'a', namespace: 'n' },
  spec: {
    runStrategy: 'Always',
    template: { spec: { domain: { devices: {} }, volumes: [{ name: 'rootdisk', dataVolume: { name: 'a-root' } }] } },
  },
}

const volume = (status: DataVolume['status']): DataVolume => ({
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind: 'DataVolume',
  metadata: { name: 'a-root', namespace: 'n' },
  spec: { source: { http: { url: 'http://a' } } },
  ...(status ? { status } : {}),
})

const guest = (phase: VmiPhase): VirtualMachineInstance => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'a', namespace: 'n' },
  spec: { domain: { devices: {} } },
  status: { phase },
})

const states = (progress: ReturnType<typeof decideBootProgress>) =>
  progress.steps.map(({ id, state }) => `${id} ${state}`).join(', ')

describe('the way to a running guest', () => {
  test('begins with the disk, before there is one', () => {
    expect(states(decideBootProgress({ vm }, []))).toBe(
      'disk current, starting waiting, booting waiting, running waiting',
    )
  })

  test('shows how far the import is', () => {
    const progress = decideBootProgress({ vm }, [volume({ phase: 'ImportInProgress', progress: '45.12%' })])
    expect(progress).toMatchObject({ disk: 'import', percent: 45.12 })
  })

  test.each<[VmiPhase, string]>([
    ['', 'disk done, starting current, booting waiting, running waiting'],
    ['Scheduling', 'disk done, starting current, booting waiting, running waiting'],
    ['Scheduled', 'disk done, starting done, booting current, running waiting'],
    ['Running', 'disk done, starting done, booting done, running done'],
  ])('with a ready disk and an instance in phase %j', (phase, expected) => {
    expect(states(decideBootProgress({ vm, vmi: guest(phase) }, [volume({ phase: 'Succeeded' })]))).toBe(expected)
  })

  test('says why the disk fails, while it is still tried again', () => {
    const failing = volume({
      phase: 'ImportInProgress',
      conditions: [{ type: 'Running', status: 'False', reason: 'Error', message: 'the server answered 404' }],
    })
    const progress = decideBootProgress({ vm }, [failing])
    expect(progress.failure).toBe('the server answered 404')
    expect(states(progress)).toMatch(/^disk failed/)
  })

  test('says why no host takes it', () => {
    const vmi = guest('Pending')
    vmi.status = {
      phase: 'Scheduling',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'not enough memory' }],
    }
    const progress = decideBootProgress({ vm, vmi }, [volume({ phase: 'Succeeded' })])
    expect(progress.failure).toBe('not enough memory')
    expect(states(progress)).toMatch(/starting failed/)
  })
})

test.each([
  ['45.12%', 45.12],
  ['100%', 100],
  ['100.00%', 100],
  ['N/A', undefined],
  [undefined, undefined],
])('progress %j is %j', (text, percent) => {
  expect(readPercent(text)).toBe(percent)
})
