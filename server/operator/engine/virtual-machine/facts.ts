import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { RunStrategy, StateChangeRequest, VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { findCondition, isConditionTrue } from '../conditions'
import type { PrintableFacts } from './printable-status'
import { isFinal, restartingStrategies } from './start-failure'

/** All a VirtualMachine's state follows from. */
export interface ObservedVirtualMachine {
  vm: VirtualMachine
  /** The instance of the VM's name, only if the VM controls it. */
  vmi?: VirtualMachineInstance | undefined
  /** Another object stands where the instance should be. */
  occupied: boolean
  /** The VM's spec as its instance was started from, where known. */
  startedFrom?: VirtualMachine['spec'] | undefined
  /** Start revisions of this VM that exist. */
  revisions: readonly string[]
  dataVolumes: ReadonlyMap<string, DataVolume>
  claims: ReadonlyMap<string, PersistentVolumeClaim>
  /** Milliseconds since the epoch. */
  now: number
}

export function runStrategyOf(vm: VirtualMachine): RunStrategy {
  return vm.spec.runStrategy ?? (vm.spec.running ? 'Always' : 'Halted')
}

/** Requests that are not yet fulfilled: a Stop is when its instance is gone, a Start when there is an instance. */
export function openRequests(
  requests: readonly StateChangeRequest[] | undefined,
  vmi: VirtualMachineInstance | undefined,
): StateChangeRequest[] {
  const open = [...(requests ?? [])]
  while (open[0]) {
    const [first] = open
    const fulfilled =
      first.action === 'Stop' ? !vmi || (first.uid !== undefined && first.uid !== vmi.metadata.uid) : !!vmi
    if (!fulfilled) break
    open.shift()
  }
  return open
}

/** `undefined` for a DataVolume that is due but not there yet. */
function dataVolumesOf({ vm, dataVolumes }: ObservedVirtualMachine): (DataVolume | undefined)[] {
  const due = new Set((vm.spec.dataVolumeTemplates ?? []).map((template) => template.metadata.name))
  const named = (vm.spec.template.spec.volumes ?? []).map((volume) => volume.dataVolume?.name)
  const names = new Set([...due, ...named].filter((name) => name !== undefined))
  return [...names].filter((name) => due.has(name) || dataVolumes.has(name)).map((name) => dataVolumes.get(name))
}

/** Whether every DataVolume that the VM itself makes is filled. */
export function templatesReady({ vm, dataVolumes }: ObservedVirtualMachine): boolean {
  return (vm.spec.dataVolumeTemplates ?? []).every(
    (template) => dataVolumes.get(template.metadata.name)?.status?.phase === 'Succeeded',
  )
}

export function hasDataVolumeError(dataVolume: DataVolume | undefined): boolean {
  if (dataVolume?.status?.phase === 'Failed') return true
  const running = findCondition(dataVolume?.status?.conditions, 'Running')
  return running?.status === 'False' && (running.reason === 'Error' || running.reason === 'ImagePullFailed')
}

const notBeingFilled = new Set(['Succeeded', 'Failed', 'WaitForFirstConsumer', 'Paused', 'Unknown'])

function isProvisioning(dataVolume: DataVolume | undefined): boolean {
  return !notBeingFilled.has(dataVolume?.status?.phase ?? '')
}

function hasUnboundClaim({ vm, claims }: ObservedVirtualMachine): boolean {
  return (vm.spec.template.spec.volumes ?? []).some((volume) => {
    const claim = claims.get(volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name ?? '')
    return claim !== undefined && claim.status?.phase !== 'Bound'
  })
}

/** What is about to happen in this pass. */
export interface Intent {
  start: boolean
  stop: boolean
}

export function readFacts(observed: ObservedVirtualMachine, intent: Intent): PrintableFacts {
  return { ...instanceFacts(observed, intent), ...volumeFacts(observed), ...endFacts(observed, intent) }
}

type VolumeFact = 'dataVolumeError' | 'provisioning' | 'waitingForVolumeBinding'
type EndFact = 'terminating' | 'crashLoop' | 'stopped' | 'waitingForReceiver'

function instanceFacts(
  { vmi }: ObservedVirtualMachine,
  { start, stop }: Intent,
): Omit<PrintableFacts, VolumeFact | EndFact> {
  const { phase = '', conditions } = vmi?.status ?? {}
  const live = vmi !== undefined && !isFinal(vmi)
  const isFalse = (type: string, reason: string) => {
    const condition = findCondition(conditions, type)
    return condition?.status === 'False' && condition.reason === reason
  }
  return {
    stopping: live && (vmi.metadata.deletionTimestamp !== undefined || stop),
    migrating: live && isMigrating(vmi),
    paused: phase === 'Running' && isConditionTrue(conditions, 'Paused'),
    running: phase === 'Running',
    claimNotFound: isFalse('Synchronized', 'FailedPvcNotFound'),
    unschedulable: isFalse('PodScheduled', 'Unschedulable'),
    imagePullError: isFalse('Synchronized', 'ErrImagePull'),
    imagePullBackOff: isFalse('Synchronized', 'ImagePullBackOff'),
    starting: vmi ? ['', 'Pending', 'Scheduling', 'Scheduled'].includes(phase) : start,
  }
}

function volumeFacts(observed: ObservedVirtualMachine): Pick<PrintableFacts, VolumeFact> {
  const volumes = dataVolumesOf(observed)
  return {
    dataVolumeError: volumes.some(hasDataVolumeError),
    provisioning: volumes.some(isProvisioning),
    waitingForVolumeBinding: isSetToStart(observed) && hasUnboundClaim(observed),
  }
}

function endFacts({ vm, vmi }: ObservedVirtualMachine, { start }: Intent): Pick<PrintableFacts, EndFact> {
  const strategy = runStrategyOf(vm)
  const live = vmi !== undefined && !isFinal(vmi)
  const failures = vm.status?.startFailure?.consecutiveFailCount ?? 0
  return {
    terminating: vm.metadata.deletionTimestamp !== undefined,
    crashLoop: !live && failures > 0 && restartingStrategies.has(strategy),
    stopped: vmi ? isFinal(vmi) : !start && strategy !== 'WaitAsReceiver',
    waitingForReceiver: strategy === 'WaitAsReceiver' && (!vmi || vmi.status?.phase === 'WaitingForSync'),
  }
}

function isSetToStart({ vm, vmi }: ObservedVirtualMachine): boolean {
  switch (runStrategyOf(vm)) {
    case 'Always':
      return true
    case 'RerunOnFailure':
    case 'Once':
      return vmi?.status?.phase !== 'Succeeded'
    case 'Manual':
      return vmi !== undefined || vm.status?.stateChangeRequests?.[0]?.action === 'Start'
    default:
      return false
  }
}

function isMigrating(vmi: VirtualMachineInstance): boolean {
  const state = vmi.status?.migrationState
  return state !== undefined && Boolean(state['startTimestamp']) && !state['endTimestamp'] && !state['completed']
}
