import { describe, expect, it } from 'vitest'
import type { RunStrategy, VirtualMachine } from '../kinds/virtual-machine'
import type { VirtualMachineInstance, VmiPhase } from '../kinds/virtual-machine-instance'
import { can, type Verdict } from './can'

function machine(runStrategy: RunStrategy, more: { deleting?: boolean; requests?: ('Start' | 'Stop')[] } = {}) {
  const vm: VirtualMachine = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'a', namespace: 'n', ...(more.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { runStrategy, template: { spec: { domain: { devices: {} } } } },
    status: { stateChangeRequests: (more.requests ?? []).map((action) => ({ action })) },
  }
  return vm
}

function guest(phase: VmiPhase, more: { paused?: boolean; deleting?: boolean } = {}) {
  const vmi: VirtualMachineInstance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'a', namespace: 'n', ...(more.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { domain: { devices: {} } },
    status: { phase, conditions: more.paused ? [{ type: 'Paused', status: 'True' }] : [] },
  }
  return vmi
}

type Case = [string, keyof typeof can, VirtualMachine, VirtualMachineInstance | undefined, Verdict]

const cases: Case[] = [
  ['a halted machine starts', 'start', machine('Halted'), undefined, true],
  ['a manual machine starts', 'start', machine('Manual'), undefined, true],
  ['a machine that ended by itself starts again', 'start', machine('RerunOnFailure'), guest('Succeeded'), true],
  ['a running machine does not start', 'start', machine('Manual'), guest('Running'), 'alreadyRunning'],
  ['a booting machine does not start twice', 'start', machine('Always'), guest('Scheduling'), 'alreadyRunning'],
  ['a machine that always runs starts by itself', 'start', machine('Always'), undefined, 'startsByItself'],
  ['a wish to start is not doubled', 'start', machine('Manual', { requests: ['Start'] }), undefined, 'startsByItself'],
  ['a machine that ran once does not start', 'start', machine('Once'), guest('Succeeded'), 'ranOnce'],
  ['a receiver waits for its migration', 'start', machine('WaitAsReceiver'), undefined, 'waitsForMigration'],
  ['a machine shutting down does not start yet', 'start', machine('Halted'), guest('Running'), 'stopping'],
  ['a machine being deleted does not start', 'start', machine('Halted', { deleting: true }), undefined, 'deleting'],

  ['a running machine stops', 'stop', machine('Always'), guest('Running'), true],
  ['a machine that waits for its disk can be called off', 'stop', machine('Always'), undefined, true],
  ['a halted machine does not stop', 'stop', machine('Halted'), undefined, 'alreadyStopped'],
  ['a manual machine without guest does not stop', 'stop', machine('Manual'), undefined, 'alreadyStopped'],
  [
    'a stopping machine does not stop twice',
    'stop',
    machine('Manual', { requests: ['Stop'] }),
    guest('Running'),
    'stopping',
  ],

  ['a stopping machine can be forced', 'forceStop', machine('Halted'), guest('Running'), true],
  ['a machine in deletion can be forced', 'forceStop', machine('Always', { deleting: true }), guest('Running'), true],
  ['a machine without guest cannot be forced', 'forceStop', machine('Always'), undefined, 'alreadyStopped'],
  ['a machine that ended cannot be forced', 'forceStop', machine('Manual'), guest('Failed'), 'alreadyStopped'],

  ['a running machine restarts', 'restart', machine('Always'), guest('Running'), true],
  ['a machine that is off does not restart', 'restart', machine('Manual'), undefined, 'notRunning'],
  ['a machine shutting down does not restart', 'restart', machine('Halted'), guest('Running'), 'stopping'],
  ['a machine that runs once does not restart', 'restart', machine('Once'), guest('Running'), 'runsOnce'],

  ['a running machine pauses', 'pause', machine('Always'), guest('Running'), true],
  ['a paused machine does not pause', 'pause', machine('Always'), guest('Running', { paused: true }), 'alreadyPaused'],
  ['a booting machine does not pause', 'pause', machine('Always'), guest('Scheduled'), 'notRunning'],
  ['a dying guest does not pause', 'pause', machine('Always'), guest('Running', { deleting: true }), 'stopping'],
  ['a paused machine goes on', 'unpause', machine('Always'), guest('Running', { paused: true }), true],
  ['a running machine need not go on', 'unpause', machine('Always'), guest('Running'), 'notPaused'],

  ['a running guest reboots softly', 'softReboot', machine('Always'), guest('Running'), true],
  [
    'a paused guest does not hear the button',
    'softReboot',
    machine('Always'),
    guest('Running', { paused: true }),
    'paused',
  ],

  ['a paused guest still has a screen', 'openConsole', machine('Always'), guest('Running', { paused: true }), true],
  ['a guest that is off has no screen', 'openConsole', machine('Always'), undefined, 'notRunning'],

  ['any machine can be deleted', 'remove', machine('Always'), guest('Running'), true],
  ['a machine in deletion cannot be deleted', 'remove', machine('Always', { deleting: true }), undefined, 'deleting'],
]

describe('can', () => {
  it.each(cases)('%s', (...[, action, vm, vmi, verdict]) => {
    expect(can[action](vm, vmi)).toBe(verdict)
  })

  it('reads the deprecated running field as a strategy', () => {
    const vm = machine('Always')
    delete vm.spec.runStrategy
    vm.spec.running = false
    expect(can.start(vm, undefined)).toBe(true)
    vm.spec.running = true
    expect(can.start(vm, undefined)).toBe('startsByItself')
  })

  it('does not pause a machine that is migrating', () => {
    const vm = machine('Always')
    vm.status = { printableStatus: 'Migrating' }
    expect(can.pause(vm, guest('Running'))).toBe('migrating')
  })
})
