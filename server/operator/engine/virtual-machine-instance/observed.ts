import type { Pod } from '@/contract/kinds/core'
import type { VirtualMachineInstance, VmiPhase } from '@/contract/kinds/virtual-machine-instance'
import type { HypervisorError, MachineSpec, MachineState } from '../hypervisor-port'
import type { Problem } from './problem'
import type { Placement } from './scheduling'
import type { ClaimVolume, VolumesState } from './volumes'

/** A guest that was shut down with the host keeps its instance and is started again as the same one. */
export const resumeAnnotation = 'chiave.io/resume-with-host'

/** All an instance's state follows from. */
export interface ObservedInstance {
  vmi: VirtualMachineInstance
  pod?: Pod | undefined
  /** The process on the host. Only read when a node holds the instance. */
  machine?: MachineState | undefined
  /** The node's agent does not answer: nothing can be said of the machine. In words. */
  agentAway?: string | undefined
  volumes: readonly ClaimVolume[]
  volumesState: VolumesState
  /** Where it would go; only while it is on no node. */
  placement?: Placement | undefined
  /** The guest's address; `undefined` when the network has none left. */
  address?: string | undefined
  /** What is to be started, or why it cannot be. */
  spec: { machine: MachineSpec } | { problem: Problem }
  /** Why the host does not start it. */
  startError?: HypervisorError | undefined
  /** Why its Pod was refused just now. */
  podError?: string | undefined
  emulationReason?: string | undefined
  /** Milliseconds since the epoch. */
  now: number
}

export function phaseOf(vmi: VirtualMachineInstance): VmiPhase {
  return vmi.status?.phase ?? ''
}

/** Whether there is a process that must be stopped before anything else may go. */
export function isAlive(machine: MachineState | undefined): boolean {
  return machine?.phase === 'starting' || machine?.phase === 'running' || machine?.phase === 'paused'
}

/** Whether the Pod that stands for the process is missing or asked to go. */
export function isLauncherGoing(pod: Pod | undefined): boolean {
  return pod === undefined || pod.metadata.deletionTimestamp !== undefined
}
