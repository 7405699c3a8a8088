import type { VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import type { ConditionState } from '../conditions'
import { findCondition, isConditionTrue } from '../conditions'
import { isLauncherGoing, type ObservedInstance } from './observed'

/** KubeVirt's own reason for a machine that could not be made as described. */
export const syncFailed = 'Synchronizing with the Domain failed.'

const failedCreate = 'FailedCreate'

/** What an instance in `phase` says of itself, in KubeVirt's types, reasons and words. */
export function decideConditions(observed: ObservedInstance, phase: VmiPhase): ConditionState[] {
  const { machine } = observed
  const states: (ConditionState | undefined)[] = [
    readyState(observed, phase),
    phase === 'Running' ? liveMigratable(observed) : undefined,
    phase === 'Running' && machine?.phase === 'paused' ? paused : undefined,
    phase === 'Running' && machine === undefined && wasPaused(observed) ? paused : undefined,
    synchronizedState(observed, phase),
    dataVolumesState(observed),
    softwareEmulation(observed, phase),
    phase === 'Scheduling' && observed.placement && 'message' in observed.placement
      ? { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: observed.placement.message }
      : undefined,
  ]
  return states.filter((state) => state !== undefined)
}

const paused: ConditionState = {
  type: 'Paused',
  status: 'True',
  reason: 'PausedByUser',
  message: 'VMI was paused by user',
}

/** While nothing is known of the machine, what was known last stands. */
function wasPaused({ vmi, agentAway }: ObservedInstance): boolean {
  return agentAway !== undefined && isConditionTrue(vmi.status?.conditions, 'Paused')
}

function readyState(observed: ObservedInstance, phase: VmiPhase): ConditionState {
  const { vmi, pod, machine, agentAway } = observed
  const no = (reason: string, message: string): ConditionState => ({ type: 'Ready', status: 'False', reason, message })
  if (!pod) return no('PodNotExists', 'virt-launcher pod has not yet been scheduled')
  if (vmi.metadata.deletionTimestamp || isLauncherGoing(pod)) {
    return no('PodTerminating', 'virt-launcher pod is terminating')
  }
  if (agentAway !== undefined) return no('NodeNotReady', agentAway)
  if (phase !== 'Running') return no('GuestNotRunning', 'Guest VM is not reported as running')
  if (machine?.phase === 'paused') {
    const message = 'the status of pod readiness gate "kubevirt.io/virtual-machine-unpaused" is not "True", but False'
    return no('ReadinessGatesNotReady', message)
  }
  return { type: 'Ready', status: 'True' }
}

function liveMigratable({ vmi, volumes }: ObservedInstance): ConditionState {
  const no = (reason: string, message: string): ConditionState => ({
    type: 'LiveMigratable',
    status: 'False',
    reason,
    message,
  })
  const onOneNode = volumes.find(({ claim }) => !claim?.spec.accessModes?.includes('ReadWriteMany'))
  if (onOneNode) {
    const message = `cannot migrate VMI: PVC ${onOneNode.claimName} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)`
    return no('DisksNotLiveMigratable', message)
  }
  if (vmi.spec.domain.devices.interfaces?.some((iface) => iface.bridge)) {
    const message = 'cannot migrate VMI which does not use masquerade to connect to the pod network'
    return no('InterfaceNotLiveMigratable', message)
  }
  return no('NotMigratable', 'this cluster has no other node that the machine could move to')
}

function synchronizedState(observed: ObservedInstance, phase: VmiPhase): ConditionState | undefined {
  const { startError, volumesState, spec } = observed
  const no = (reason: string, message: string): ConditionState => ({
    type: 'Synchronized',
    status: 'False',
    reason,
    message,
  })
  if (phase === 'Succeeded' || phase === 'Failed') {
    return startError ? no(syncFailed, startError.message) : kept(observed)
  }
  if (phase === 'Running') return { type: 'Synchronized', status: 'True' }
  if (startError) return no(syncFailed, startError.message)
  if (volumesState.state === 'waiting' && volumesState.problem) {
    return no(volumesState.problem.reason, volumesState.problem.message)
  }
  // Volumes that are merely being filled are no fault of the description; what else is wrong is said at once.
  if ('problem' in spec && spec.problem.reason !== 'FailedPvcNotFound')
    return no(spec.problem.reason, spec.problem.message)
  const refused = whyNoPod(observed)
  if (refused !== undefined) return no(failedCreate, refused)
  return phase === 'Scheduled' || isPodStillDue(observed) ? kept(observed) : undefined
}

/** What keeps an instance from having its Pod, in words; undefined when nothing does as far as is known. */
function whyNoPod({ vmi, address, podError }: ObservedInstance): string | undefined {
  if (!address && !vmi.status?.nodeName) return 'the pod network 10.42.0.0/16 has no address left'
  return podError === undefined ? undefined : `failed to create virtual machine pod: ${podError}`
}

/** A refusal stands until the Pod is there. */
function isPodStillDue({ vmi, pod }: ObservedInstance): boolean {
  return !pod && findCondition(vmi.status?.conditions, 'Synchronized')?.reason === failedCreate
}

function kept({ vmi }: ObservedInstance): ConditionState | undefined {
  const before = vmi.status?.conditions?.find((condition) => condition.type === 'Synchronized')
  if (before?.status !== 'False') return undefined
  const { reason = syncFailed, message = '' } = before
  return { type: 'Synchronized', status: 'False', reason, message }
}

function dataVolumesState({ volumes, volumesState }: ObservedInstance): ConditionState | undefined {
  if (!volumes.some((volume) => volume.dataVolume)) return undefined
  const waiting = volumes.some((volume) => volume.dataVolume && volume.dataVolume.status?.phase !== 'Succeeded')
  if (!waiting) {
    return {
      type: 'DataVolumesReady',
      status: 'True',
      reason: 'AllDVsReady',
      message: "All of the VMI's DVs are bound and ready",
    }
  }
  const message = volumesState.state === 'waiting' ? volumesState.message : "Not all of the VMI's DVs are ready"
  return { type: 'DataVolumesReady', status: 'False', reason: 'NotAllDVsReady', message }
}

function softwareEmulation(
  { machine, emulationReason }: ObservedInstance,
  phase: VmiPhase,
): ConditionState | undefined {
  if (phase !== 'Running' || machine?.accelerator !== 'tcg') return undefined
  const message = emulationReason ?? 'the guest runs in software emulation'
  return { type: 'SoftwareEmulation', status: 'True', reason: 'NoHardwareVirtualization', message }
}
