import type { ControllerRevision } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { StateChangeRequest, VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import type { Condition } from '@/contract/kube-object'
import { type ConditionState, findCondition, isConditionTrue, stateConditions } from '../conditions'
import {
  buildDataVolumes,
  buildInstance,
  buildStartRevision,
  revisionName,
  vmGenerationAnnotation,
} from './build-instance'
import { type ObservedVirtualMachine, openRequests, readFacts, runStrategyOf, templatesReady } from './facts'
import { printableStatusOf } from './printable-status'
import { needsRestart } from './restart-required'
import { decideStartFailure, isFinal, startPause } from './start-failure'
import { readSnapshotStatuses } from './volume-snapshot-status'

export const vmFinalizer = 'kubevirt.io/virtualMachineControllerFinalize'

export type VmAction =
  | { type: 'addFinalizer' }
  | { type: 'removeFinalizer' }
  | { type: 'createDataVolume'; dataVolume: DataVolume }
  | { type: 'createRevision'; revision: ControllerRevision }
  | { type: 'deleteRevision'; name: string }
  | { type: 'createInstance'; instance: VirtualMachineInstance }
  | { type: 'deleteInstance'; instance: VirtualMachineInstance }
  /** A paused start of a halted machine: the strategy follows the request. */
  | { type: 'setStrategyAlways' }

export interface VmDecision {
  /** Written before the actions are performed: what an action rests on (counts, requests) must not be lost with it. */
  status: NonNullable<VirtualMachine['status']>
  actions: VmAction[]
  requeueAfter?: number
}

type VmStatus = NonNullable<VirtualMachine['status']>

/** What a VirtualMachine calls for, given what there is. Pure. */
export function decideVirtualMachine(observed: ObservedVirtualMachine): VmDecision {
  const { vm, now } = observed
  const move = vm.metadata.deletionTimestamp ? decideEnd(observed) : decideMove(observed)
  const start = move.actions.some((action) => action.type === 'createInstance')
  const stop = move.actions.some((action) => action.type === 'deleteInstance')
  const { requests, startFailure } = move
  const withRequests = {
    ...observed,
    vm: { ...vm, status: { ...vm.status, ...(startFailure ? { startFailure } : {}) } },
  }
  if (!startFailure) delete withRequests.vm.status.startFailure
  const status = buildStatus(observed, move)
  status.printableStatus = printableStatusOf(readFacts(withRequests, { start, stop }))
  if (requests.length > 0) status.stateChangeRequests = requests
  if (startFailure) status.startFailure = startFailure
  const pause = start || stop ? 0 : startPause(startFailure, now)
  return { status, actions: move.actions, ...(move.waits && pause > 0 ? { requeueAfter: pause } : {}) }
}

interface Move {
  actions: VmAction[]
  requests: StateChangeRequest[]
  startFailure: VmStatus['startFailure']
  /** The run strategy has taken effect: later passes need not start it again (Once, RerunOnFailure). */
  effective: boolean
  /** A start waits for its back-off. */
  waits: boolean
}

function decideEnd({ vm, vmi, revisions }: ObservedVirtualMachine): Move {
  const finalizers = vm.metadata.finalizers ?? []
  const actions: VmAction[] = []
  if (vmi && !finalizers.includes('orphan')) {
    if (!vmi.metadata.deletionTimestamp) actions.push({ type: 'deleteInstance', instance: vmi })
  } else if (finalizers.includes(vmFinalizer)) {
    actions.push(...revisions.map((name) => ({ type: 'deleteRevision' as const, name })), { type: 'removeFinalizer' })
  }
  return { actions, requests: [], startFailure: vm.status?.startFailure, effective: false, waits: false }
}

function decideMove(observed: ObservedVirtualMachine): Move {
  const { vm, vmi, now } = observed
  const strategy = runStrategyOf(vm)
  const startFailure = decideStartFailure(vm.status?.startFailure, { vmi, strategy, now })
  const requests = openRequests(vm.status?.stateChangeRequests, vmi)
  const power = vmi ? decideWithInstance(observed, requests) : decideWithoutInstance(observed, requests)
  const waits = power.start === true && startPause(startFailure, now) > 0
  const ready = !waits && !observed.occupied && templatesReady(observed)
  const actions: VmAction[] = [...preparations(observed), ...powerActions(observed, power)]
  if (power.start && ready) actions.push(...startActions(observed, requests))
  actions.push(...outdatedRevisions(observed))
  return { actions, requests: power.requests ?? requests, startFailure, effective: !power.start, waits }
}

/** What is due whether the machine is to run or not. */
function preparations({ vm, dataVolumes }: ObservedVirtualMachine): VmAction[] {
  const missing = buildDataVolumes(vm).filter((dataVolume) => !dataVolumes.has(dataVolume.metadata.name))
  const actions: VmAction[] = vm.metadata.finalizers?.includes(vmFinalizer) ? [] : [{ type: 'addFinalizer' }]
  return [...actions, ...missing.map((dataVolume) => ({ type: 'createDataVolume' as const, dataVolume }))]
}

function powerActions({ vmi }: ObservedVirtualMachine, power: Power): VmAction[] {
  const stops = power.stop && vmi && !vmi.metadata.deletionTimestamp
  return [
    ...(stops ? [{ type: 'deleteInstance' as const, instance: vmi }] : []),
    ...(power.setAlways ? [{ type: 'setStrategyAlways' as const }] : []),
  ]
}

interface Power {
  start?: boolean
  stop?: boolean
  setAlways?: boolean
  /** Replaces the open requests; written before anything is done. */
  requests?: StateChangeRequest[]
}

function decideWithInstance({ vm, vmi }: ObservedVirtualMachine, requests: StateChangeRequest[]): Power {
  const stopAsked = requests[0]?.action === 'Stop'
  switch (runStrategyOf(vm)) {
    case 'Always':
      return { stop: stopAsked || isFinal(vmi) }
    case 'RerunOnFailure': {
      if (stopAsked) return { stop: true }
      if (!isFinal(vmi)) return {}
      const again = vmi?.status?.phase === 'Failed' && requests.length === 0
      return { stop: true, ...(again ? { requests: restartRequests(vmi) } : {}) }
    }
    case 'Manual':
      return { stop: stopAsked }
    case 'Once':
      return {}
    case 'Halted':
      return { stop: true }
    case 'WaitAsReceiver':
      return {}
  }
}

/** A failed instance that is to run again: the wish is kept in the status while the old instance goes away. */
function restartRequests(vmi: VirtualMachineInstance | undefined): StateChangeRequest[] {
  const uid = vmi?.metadata.uid
  return [{ action: 'Stop', ...(uid ? { uid } : {}) }, { action: 'Start' }]
}

function decideWithoutInstance({ vm }: ObservedVirtualMachine, requests: StateChangeRequest[]): Power {
  const startAsked = requests[0]?.action === 'Start'
  const strategy = runStrategyOf(vm)
  switch (strategy) {
    case 'Always':
      return { start: true }
    case 'RerunOnFailure':
    case 'Once':
      // Coming from another strategy it starts; having started once under this one it needs to be asked.
      return { start: startAsked || vm.status?.runStrategy !== strategy }
    case 'Manual':
      return { start: startAsked }
    case 'Halted':
      return { setAlways: startAsked }
    case 'WaitAsReceiver':
      return {}
  }
}

function startActions({ vm, revisions }: ObservedVirtualMachine, requests: readonly StateChangeRequest[]): VmAction[] {
  const revision = buildStartRevision(vm)
  const paused = requests[0]?.action === 'Start' && requests[0].data?.['paused'] === 'true'
  const actions: VmAction[] = []
  if (!revisions.includes(revision.metadata.name)) actions.push({ type: 'createRevision', revision })
  actions.push({ type: 'createInstance', instance: buildInstance(vm, { paused }) })
  return actions
}

function outdatedRevisions({ vm, vmi, revisions }: ObservedVirtualMachine): VmAction[] {
  if (!vmi) return []
  const inUse = revisionName(vm, vmi.metadata.annotations?.[vmGenerationAnnotation] ?? '')
  const current = revisionName(vm, vm.metadata.generation ?? 1)
  return revisions
    .filter((name) => name !== inUse && name !== current)
    .map((name) => ({ type: 'deleteRevision', name }))
}

function buildStatus(observed: ObservedVirtualMachine, move: Move): VmStatus {
  const { vm, vmi, claims } = observed
  const strategy = runStrategyOf(vm)
  const before = vm.status?.runStrategy
  const generation = Number(vmi?.metadata.annotations?.[vmGenerationAnnotation])
  const observedGeneration = Number.isFinite(generation) ? generation : vm.status?.observedGeneration
  const known = move.effective ? strategy : before
  const {
    stateChangeRequests: _requests,
    startFailure: _failure,
    printableStatus: _printable,
    runStrategy: _strategy,
    ...kept
  } = vm.status ?? {}
  return {
    ...kept,
    created: vmi !== undefined,
    ready: isConditionTrue(vmi?.status?.conditions, 'Ready'),
    conditions: buildConditions(observed, move),
    ...(known ? { runStrategy: known } : {}),
    ...(vm.metadata.generation === undefined ? {} : { desiredGeneration: vm.metadata.generation }),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    volumeSnapshotStatuses: readSnapshotStatuses(vm, claims),
  }
}

/** Conditions the VM states itself; of its instance it copies the others. */
const ownConditions = new Set(['Ready', 'Failure', 'RestartRequired'])

function buildConditions(observed: ObservedVirtualMachine, move: Move): Condition[] {
  const { vm, vmi, now } = observed
  const previous = vm.status?.conditions
  const states: ConditionState[] = []
  const ready = findCondition(vmi?.status?.conditions, 'Ready')
  if (!ready) states.push(vmi ? notReported : notThere)
  const failure = readFailure(observed, move)
  if (failure) states.push(failure)
  if (isRestartRequired(observed)) states.push(restartRequired)
  const copied = (vmi?.status?.conditions ?? []).filter((condition) => !ownConditions.has(condition.type))
  return [...(ready ? [ready] : []), ...stateConditions(previous, states, now), ...copied]
}

const notThere: ConditionState = {
  type: 'Ready',
  status: 'False',
  reason: 'VMINotExists',
  message: 'VMI does not exist',
}
const notReported: ConditionState = {
  type: 'Ready',
  status: 'False',
  reason: 'GuestNotRunning',
  message: 'Guest VM is not reported as running',
}
const restartRequired: ConditionState = {
  type: 'RestartRequired',
  status: 'True',
  message: 'a non-live-updatable field was changed in the template spec',
}

/** A refused creation stays visible while it is still due. */
function readFailure({ vm, occupied }: ObservedVirtualMachine, move: Move): ConditionState | undefined {
  if (occupied && !vm.metadata.deletionTimestamp) {
    const message = `a VirtualMachineInstance named ${vm.metadata.name} exists that this VirtualMachine does not control`
    return { type: 'Failure', status: 'True', reason: 'FailedCreate', message }
  }
  const before = findCondition(vm.status?.conditions, 'Failure')
  const creates = move.actions.some((action) => action.type.startsWith('create'))
  if (!before || !creates) return undefined
  const { reason = 'FailedCreate', message = '' } = before
  return { type: 'Failure', status: 'True', reason, message }
}

function isRestartRequired({ vm, vmi, startedFrom }: ObservedVirtualMachine): boolean {
  if (!vmi || isFinal(vmi) || vm.metadata.deletionTimestamp) return false
  if (startedFrom) return needsRestart(vm.spec, startedFrom)
  return isConditionTrue(vm.status?.conditions, 'RestartRequired')
}
