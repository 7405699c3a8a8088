import type { RunStrategy, VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { formatTime } from '@/server/cluster/clock'

type StartFailure = NonNullable<NonNullable<VirtualMachine['status']>['startFailure']>

const maxDelaySeconds = 300
const intervalSeconds = 10

/** Strategies under which a failed start is tried again. */
export const restartingStrategies: ReadonlySet<RunStrategy> = new Set(['Always', 'RerunOnFailure', 'Once'])

export function isFinal(vmi: VirtualMachineInstance | undefined): boolean {
  return vmi?.status?.phase === 'Succeeded' || vmi?.status?.phase === 'Failed'
}

function hasRun(vmi: VirtualMachineInstance): boolean {
  return (vmi.status?.phaseTransitionTimestamps ?? []).some((transition) => transition.phase === 'Running')
}

/**
 * The record of starts that failed before the guest ran, as KubeVirt keeps it: each one lengthens the pause before the
 * next (10 s × failures², spread by up to half, at most 5 min); a guest that ran wipes it.
 */
export function decideStartFailure(
  previous: StartFailure | undefined,
  { vmi, strategy, now }: { vmi: VirtualMachineInstance | undefined; strategy: RunStrategy; now: number },
): StartFailure | undefined {
  if (!restartingStrategies.has(strategy)) return undefined
  if (!vmi) return previous
  if (hasRun(vmi)) return undefined
  if (vmi.status?.phase !== 'Failed' || !vmi.metadata.uid) return previous
  if (previous?.lastFailedVMIUID === vmi.metadata.uid) return previous
  const count = (previous?.consecutiveFailCount ?? 0) + 1
  const delay = startDelaySeconds(count, vmi.metadata.uid)
  return {
    consecutiveFailCount: count,
    lastFailedVMIUID: vmi.metadata.uid,
    retryAfterTimestamp: formatTime(now + delay * 1000),
  }
}

/** Seconds to wait after `failures`; the spread follows from the uid, so that the same question has the same answer. */
export function startDelaySeconds(failures: number, uid: string): number {
  const delay = intervalSeconds * failures ** 2
  const share = Number.parseInt(uid.replaceAll('-', '').slice(-4), 16) / 0xffff
  return Math.min(maxDelaySeconds, delay + Math.floor((delay / 2) * (Number.isFinite(share) ? share : 0)))
}

/** Milliseconds until a start may be tried again; 0 when it may be now. */
export function startPause(failure: StartFailure | undefined, now: number): number {
  return failure?.retryAfterTimestamp ? Math.max(0, Date.parse(failure.retryAfterTimestamp) - now) : 0
}
