import type { RunStrategy, VirtualMachine } from '../kinds/virtual-machine'
import type { VirtualMachineInstance } from '../kinds/virtual-machine-instance'

/** Why a machine cannot do something now. The console has a sentence for each. */
export type Refusal =
  | 'deleting'
  | 'alreadyRunning'
  | 'startsByItself'
  | 'ranOnce'
  | 'waitsForMigration'
  | 'alreadyStopped'
  | 'stopping'
  | 'notRunning'
  | 'alreadyPaused'
  | 'notPaused'
  | 'paused'
  | 'runsOnce'
  | 'migrating'

export type Verdict = true | Refusal

type Machine = VirtualMachine | undefined
type Instance = VirtualMachineInstance | undefined

/** The strategy that counts: `running` is the deprecated twin of `runStrategy`; neither means Halted. */
export function runStrategyOf(vm: VirtualMachine): RunStrategy {
  return vm.spec.runStrategy ?? (vm.spec.running === true ? 'Always' : 'Halted')
}

/** A guest exists and has not ended. */
export function isAlive(vmi: Instance): vmi is VirtualMachineInstance {
  return vmi !== undefined && vmi.status?.phase !== 'Succeeded' && vmi.status?.phase !== 'Failed'
}

export function isPaused(vmi: Instance): boolean {
  return vmi?.status?.conditions?.some(({ type, status }) => type === 'Paused' && status === 'True') === true
}

/**
 * What one may ask of a machine in its present state, after the rules of KubeVirt's subresources (virt-api answers 409
 * where these refuse). `vmi` is undefined when the machine has none. Permissions are another question.
 */
export const can = {
  start(vm: VirtualMachine, vmi: Instance): Verdict {
    if (vm.metadata.deletionTimestamp) return 'deleting'
    if (isAlive(vmi)) return isStopping(vm, vmi) ? 'stopping' : 'alreadyRunning'
    const strategy = runStrategyOf(vm)
    if (strategy === 'Once') return 'ranOnce'
    if (strategy === 'WaitAsReceiver') return 'waitsForMigration'
    if (strategy === 'Always') return 'startsByItself'
    return requested(vm, 'Start') ? 'startsByItself' : true
  },

  stop(vm: VirtualMachine, vmi: Instance): Verdict {
    if (vm.metadata.deletionTimestamp) return 'deleting'
    if (isAlive(vmi)) return isStopping(vm, vmi) ? 'stopping' : true
    const strategy = runStrategyOf(vm)
    // Without a guest there is still a wish to start, which stopping takes back.
    return strategy === 'Always' || strategy === 'Once' ? true : 'alreadyStopped'
  },

  /** Also while the machine is shutting down or being deleted: that is what it is for. */
  forceStop(_vm: Machine, vmi: Instance): Verdict {
    return isAlive(vmi) ? true : 'alreadyStopped'
  },

  restart(vm: VirtualMachine, vmi: Instance): Verdict {
    if (vm.metadata.deletionTimestamp) return 'deleting'
    if (!isAlive(vmi)) return 'notRunning'
    if (isStopping(vm, vmi)) return 'stopping'
    return runStrategyOf(vm) === 'Once' ? 'runsOnce' : true
  },

  pause(vm: Machine, vmi: Instance): Verdict {
    const running = isUp(vm, vmi)
    if (running !== true) return running
    if (isPaused(vmi)) return 'alreadyPaused'
    return isMigrating(vm) ? 'migrating' : true
  },

  unpause(vm: Machine, vmi: Instance): Verdict {
    const running = isUp(vm, vmi)
    if (running !== true) return running
    return isPaused(vmi) ? true : 'notPaused'
  },

  /** A paused guest hears neither its agent nor its power button. */
  softReboot(vm: Machine, vmi: Instance): Verdict {
    const running = isUp(vm, vmi)
    if (running !== true) return running
    return isPaused(vmi) ? 'paused' : true
  },

  /** Screen and serial console: there is a guest that runs, paused or not. */
  openConsole(_vm: Machine, vmi: Instance): Verdict {
    return vmi?.status?.phase === 'Running' ? true : 'notRunning'
  },

  remove(vm: VirtualMachine, _vmi: Instance): Verdict {
    return vm.metadata.deletionTimestamp ? 'deleting' : true
  },
} as const

function isUp(vm: Machine, vmi: Instance): Verdict {
  if (vmi?.status?.phase !== 'Running') return 'notRunning'
  return isStopping(vm, vmi) ? 'stopping' : true
}

/** When KubeVirt prints Stopping: the guest is being deleted, or it is alive against the wish. */
function isStopping(vm: Machine, vmi: VirtualMachineInstance): boolean {
  if (vmi.metadata.deletionTimestamp) return true
  if (vm === undefined) return false
  return runStrategyOf(vm) === 'Halted' || requested(vm, 'Stop')
}

function isMigrating(vm: Machine): boolean {
  return vm?.status?.printableStatus === 'Migrating'
}

function requested(vm: VirtualMachine, action: 'Start' | 'Stop'): boolean {
  return vm.status?.stateChangeRequests?.some((request) => request.action === action) === true
}
