import type { Pod } from '@/contract/kinds/core'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import type { MachineSpec } from '../hypervisor-port'
import { vmiFinalizer } from '../virtual-machine/build-instance'
import { buildLauncherPod, buildPodStatus, type LauncherState } from './launcher-pod'
import { isAlive, isLauncherGoing, type ObservedInstance, phaseOf, resumeAnnotation } from './observed'
import { buildInstanceStatus } from './status'

export type InstanceAction =
  | { type: 'createPod'; pod: Pod }
  | { type: 'bindPod'; pod: Pod; nodeName: string }
  | { type: 'deletePod'; pod: Pod }
  | { type: 'startMachine'; spec: MachineSpec }
  | { type: 'resume' }
  | { type: 'powerdown' }
  | { type: 'kill' }
  | { type: 'removeMachine' }
  | { type: 'removeFinalizer' }

export interface InstanceDecision {
  /** The instance as it should read; written before the actions are performed. */
  instance: VirtualMachineInstance
  podStatus?: NonNullable<Pod['status']>
  actions: InstanceAction[]
  /** Milliseconds. */
  requeueAfter?: number
}

/** KubeVirt's default for instances that no VM made, in seconds. */
const defaultGracePeriod = 30
/** How often the power button is pressed while a guest has not gone: one that is still booting does not notice the first time. */
const powerdownInterval = 5_000
const capacityInterval = 10_000

/** Phases in which a node holds the instance and may have a process for it. */
const onNode: ReadonlySet<VmiPhase> = new Set(['Scheduled', 'Running'])

/** What a VirtualMachineInstance calls for, given what there is. Pure. */
export function decideInstance(observed: ObservedInstance): InstanceDecision {
  const phase = nextPhase(observed)
  const step = observed.vmi.metadata.deletionTimestamp ? decideEnd(observed, phase) : decideStep(observed, phase)
  return {
    instance: buildInstance(observed, phase),
    ...(observed.pod ? { podStatus: buildPodStatus(observed.pod, launcherState(observed, phase)) } : {}),
    ...step,
  }
}

type Step = Pick<InstanceDecision, 'actions' | 'requeueAfter'>

/** The phase that follows from what is there; a phase is never skipped and never goes back. */
export function nextPhase(observed: ObservedInstance): VmiPhase {
  const { vmi, pod } = observed
  const phase = phaseOf(vmi)
  const deleting = vmi.metadata.deletionTimestamp !== undefined
  switch (phase) {
    case '':
      return 'Pending'
    case 'Pending':
      return pod && !deleting ? 'Scheduling' : phase
    case 'Scheduling':
      return pod?.spec.nodeName && !deleting ? 'Scheduled' : phase
    case 'Scheduled':
      return afterStart(observed)
    case 'Running':
      return whileRunning(observed)
    default:
      return phase
  }
}

function afterStart({ machine, startError, vmi }: ObservedInstance): VmiPhase {
  const deleting = vmi.metadata.deletionTimestamp !== undefined
  if (startError && ['Invalid', 'Unsupported', 'Failed'].includes(startError.code)) return 'Failed'
  if (!deleting && vmi.metadata.annotations?.[resumeAnnotation] && !isAlive(machine)) return 'Scheduled'
  switch (machine?.phase) {
    case 'running':
    case 'paused':
      return 'Running'
    case 'shutdown':
      return 'Succeeded'
    case 'crashed':
      return deleting ? 'Succeeded' : 'Failed'
    default:
      return 'Scheduled'
  }
}

function whileRunning({ vmi, machine, agentAway }: ObservedInstance): VmiPhase {
  if (agentAway !== undefined || isAlive(machine)) return 'Running'
  if (vmi.metadata.deletionTimestamp) return 'Succeeded'
  if (vmi.metadata.annotations?.[resumeAnnotation]) return 'Running'
  return machine?.phase === 'shutdown' ? 'Succeeded' : 'Failed'
}

function decideStep(observed: ObservedInstance, phase: VmiPhase): Step {
  const { machine, agentAway, pod } = observed
  switch (phase) {
    case 'Pending':
      return decidePod(observed)
    case 'Scheduling':
      return decideBinding(observed)
    case 'Scheduled':
    case 'Running': {
      if (agentAway !== undefined) return { actions: [], requeueAfter: powerdownInterval }
      if (isLauncherGoing(pod)) return decideLauncherGone(observed)
      if (isAlive(machine))
        return machine?.phase === 'starting' ? { actions: [], requeueAfter: 1_000 } : { actions: [] }
      return 'machine' in observed.spec
        ? { actions: [{ type: 'startMachine', spec: observed.spec.machine }] }
        : { actions: [] }
    }
    default:
      return { actions: isLauncherGoing(pod) && pod ? [{ type: 'deletePod', pod }] : [] }
  }
}

function decidePod({ vmi, volumesState, spec, address, pod }: ObservedInstance): Step {
  if (pod || volumesState.state !== 'ready' || !('machine' in spec)) return { actions: [] }
  if (address === undefined) return { actions: [], requeueAfter: capacityInterval }
  return { actions: [{ type: 'createPod', pod: buildLauncherPod(vmi, { address }) }] }
}

function decideBinding(observed: ObservedInstance): Step {
  const { pod, placement } = observed
  if (!pod) return decidePod(observed)
  if (placement && 'nodeName' in placement) {
    return { actions: [{ type: 'bindPod', pod, nodeName: placement.nodeName }] }
  }
  return { actions: [], requeueAfter: capacityInterval }
}

/** Draining, evicting or deleting the Pod stops the guest, as it would end the process in it. */
function decideLauncherGone(observed: ObservedInstance): Step {
  const { pod, machine, now } = observed
  if (!isAlive(machine)) return { actions: [] }
  const asked = pod?.metadata.deletionTimestamp
  // The API server has added the grace period to a Pod's deletion time.
  if (asked === undefined || now >= Date.parse(asked)) return { actions: [{ type: 'kill' }] }
  return pressPowerButton(observed, Date.parse(asked))
}

function decideEnd(observed: ObservedInstance, phase: VmiPhase): Step {
  const { vmi, machine, pod, agentAway, now } = observed
  if (!vmi.metadata.finalizers?.includes(vmiFinalizer)) return { actions: [] }
  if (agentAway !== undefined && onNode.has(phaseOf(vmi))) return { actions: [], requeueAfter: powerdownInterval }
  if (isAlive(machine)) {
    const grace = vmi.spec.terminationGracePeriodSeconds ?? defaultGracePeriod
    const deadline = Date.parse(vmi.metadata.deletionTimestamp ?? '') + grace * 1000
    // A Pod that is gone was removed by force.
    if (now >= deadline || (!pod && onNode.has(phaseOf(vmi))))
      return { actions: [{ type: 'kill' }], requeueAfter: 1_000 }
    return pressPowerButton(observed, deadline)
  }
  // The final phase is written, and seen by the VM, before what is left goes.
  if (phase !== phaseOf(vmi)) return { actions: [] }
  const actions: InstanceAction[] = machine ? [{ type: 'removeMachine' }] : []
  if (pod) actions.push({ type: 'deletePod', pod })
  actions.push({ type: 'removeFinalizer' })
  return { actions }
}

function pressPowerButton({ machine, now }: ObservedInstance, deadline: number): Step {
  const requeueAfter = Math.max(100, Math.min(powerdownInterval, deadline - now))
  // A stopped CPU notices no button.
  if (machine?.phase === 'paused') return { actions: [{ type: 'resume' }, { type: 'powerdown' }], requeueAfter }
  return { actions: machine?.phase === 'running' ? [{ type: 'powerdown' }] : [], requeueAfter }
}

function buildInstance(observed: ObservedInstance, phase: VmiPhase): VirtualMachineInstance {
  const { vmi, pod, machine } = observed
  const { finalizers = [], labels, annotations, deletionTimestamp } = vmi.metadata
  const nodeName = pod?.spec.nodeName
  const { [resumeAnnotation]: resumed, ...otherAnnotations } = annotations ?? {}
  const metadata = {
    ...vmi.metadata,
    ...(finalizers.includes(vmiFinalizer) || deletionTimestamp ? {} : { finalizers: [...finalizers, vmiFinalizer] }),
    ...(nodeName && onNode.has(phase) ? { labels: { ...labels, 'kubevirt.io/nodeName': nodeName } } : {}),
    ...(resumed !== undefined && isAlive(machine) ? { annotations: otherAnnotations } : {}),
  }
  return { ...vmi, metadata, status: buildInstanceStatus(observed, phase) }
}

function launcherState(observed: ObservedInstance, phase: VmiPhase): LauncherState {
  const { placement, machine, now } = observed
  const unschedulable = phase === 'Scheduling' && placement && 'message' in placement ? placement.message : undefined
  return {
    phase: launcherPhase(phase),
    ...(unschedulable === undefined ? {} : { unschedulable }),
    ...(phase === 'Failed' && machine?.message ? { message: machine.message } : {}),
    now,
  }
}

function launcherPhase(phase: VmiPhase): LauncherState['phase'] {
  if (phase === 'Running' || phase === 'Succeeded' || phase === 'Failed') return phase
  return 'Pending'
}
