import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume, DataVolumePhase } from '@/contract/kinds/data-volume'
import { type ConditionState, findCondition, stateConditions } from '../conditions'
import type { DiskState } from '../hypervisor-port'
import type { SourceView } from './source'

export interface ObservedDataVolume {
  dataVolume: DataVolume
  /** The claim of the DataVolume's name, if the DataVolume controls it. */
  claim?: PersistentVolumeClaim | undefined
  /** A claim of that name exists that is not the DataVolume's. */
  occupied: boolean
  /** The claim to create, or why there cannot be one. */
  planned: { claim: PersistentVolumeClaim } | { problem: string }
  source: SourceView
  disk?: DiskState | undefined
  /** The host that holds the disk cannot be asked, in words. */
  away?: string | undefined
  /** A Secret or ConfigMap of the source is missing, in words. */
  missingReference?: string | undefined
  now: number
}

export type DataVolumeAction = { type: 'createClaim'; claim: PersistentVolumeClaim } | { type: 'createDisk' }

export interface DataVolumeEvent {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

export interface DataVolumeDecision {
  status: NonNullable<DataVolume['status']>
  actions: DataVolumeAction[]
  /** Told when the status that they describe has been written. */
  events: DataVolumeEvent[]
  requeueAfter?: number
}

const firstRetry = 15_000
const lastRetry = 300_000
const progressInterval = 1_000

/** What a DataVolume calls for, given what there is. Pure. */
export function decideDataVolume(observed: ObservedDataVolume): DataVolumeDecision {
  const { dataVolume, source, claim, occupied } = observed
  const phase = dataVolume.status?.phase ?? ''
  if (dataVolume.metadata.deletionTimestamp) return keep(observed)
  if (phase === 'Succeeded' || phase === 'Failed') return { ...settle(observed, { phase }), events: [] }
  if (source.type === 'unsupported') return fail(observed, source.message)
  if (occupied) {
    const message = `PVC ${dataVolume.metadata.name} already exists and is not managed by DataVolume`
    return {
      ...settle(observed, { phase: 'Pending', problem: message }),
      events: [warning('ErrResourceExists', message)],
    }
  }
  if (!claim) return decideClaimless(observed)
  if (claim.status?.phase !== 'Bound') return settle(observed, { phase: 'Pending' })
  return decideTransfer(observed, words(observed))
}

function decideClaimless(observed: ObservedDataVolume): DataVolumeDecision {
  const { planned } = observed
  if ('problem' in planned) {
    const events = [warning('ErrClaimNotValid', planned.problem)]
    return { ...settle(observed, { phase: 'Pending', problem: planned.problem }), events }
  }
  return { ...settle(observed, { phase: 'Pending' }), actions: [{ type: 'createClaim', claim: planned.claim }] }
}

/** The two transfers run alike and differ in their words. */
interface Words {
  scheduled: DataVolumePhase
  inProgress: DataVolumePhase
  done: string
  scheduledEvent: DataVolumeEvent
  inProgressEvent: DataVolumeEvent
  doneEvent: DataVolumeEvent
  failedReason: string
}

function words({ dataVolume, source }: ObservedDataVolume): Words {
  const { name, namespace } = dataVolume.metadata
  if (source.type !== 'clone') {
    return {
      scheduled: 'ImportScheduled',
      inProgress: 'ImportInProgress',
      done: 'Import Complete',
      scheduledEvent: normal('ImportScheduled', `Import into ${name} scheduled`),
      inProgressEvent: normal('ImportInProgress', `Import into ${name} in progress`),
      doneEvent: normal('ImportSucceeded', `Successfully imported into PVC ${name}`),
      failedReason: 'ErrImportFailed',
    }
  }
  const route = `from ${source.from} into ${namespace}/${name}`
  return {
    scheduled: 'CloneScheduled',
    inProgress: 'CloneInProgress',
    done: 'Clone Complete',
    scheduledEvent: normal('CloneScheduled', `Cloning ${route} scheduled`),
    inProgressEvent: normal('CloneInProgress', `Cloning ${route} in progress`),
    doneEvent: normal('CloneSucceeded', `Successfully cloned ${route}`),
    failedReason: 'CloneFailed',
  }
}

function decideTransfer(observed: ObservedDataVolume, text: Words): DataVolumeDecision {
  const { dataVolume, disk, source, away, missingReference } = observed
  const phase = dataVolume.status?.phase ?? ''
  const underWay = phase === text.scheduled || phase === text.inProgress
  if (!underWay) {
    return { ...settle(observed, { phase: text.scheduled, running: pending }), events: [text.scheduledEvent] }
  }
  if (away !== undefined) return { ...settle(observed, { phase, running: errorState(away) }), requeueAfter: 5_000 }
  if (!disk) {
    const waits = source.type === 'clone' ? source.waits : missingReference
    if (waits === undefined) {
      // An earlier refusal stands until the host takes it.
      const refused = findCondition(dataVolume.status?.conditions, 'Running')
      const running = refused?.reason === 'Error' ? stateOf(refused) : pending
      return { ...settle(observed, { phase, running }), actions: [{ type: 'createDisk' }] }
    }
    const events = source.type === 'clone' ? [warning('CloneSourceInUse', waits)] : [warning(text.failedReason, waits)]
    const running: ConditionState = source.type === 'clone' ? { ...pending, message: waits } : errorState(waits)
    return { ...settle(observed, { phase, running }), events, requeueAfter: 10_000 }
  }
  return decideProgress(observed, { text, disk })
}

function decideProgress(
  observed: ObservedDataVolume,
  { text, disk }: { text: Words; disk: DiskState },
): DataVolumeDecision {
  const phase = observed.dataVolume.status?.phase
  switch (disk.phase) {
    case 'ready': {
      const running: ConditionState = { type: 'Running', status: 'False', reason: 'Completed', message: text.done }
      return { ...settle(observed, { phase: 'Succeeded', running }), events: [text.doneEvent] }
    }
    case 'failed':
      return decideFailure(observed, { text, disk })
    default: {
      const events = phase === text.inProgress ? [] : [text.inProgressEvent]
      return {
        ...settle(observed, { phase: text.inProgress, running: transferring }),
        events,
        requeueAfter: progressInterval,
      }
    }
  }
}

/** As CDI's importer Pod that is restarted with growing pauses; what can never succeed ends in Failed. */
function decideFailure(
  observed: ObservedDataVolume,
  { text, disk }: { text: Words; disk: DiskState },
): DataVolumeDecision {
  const message = disk.message ?? 'the transfer failed'
  if (!disk.retryable) return fail(observed, message, text.failedReason)
  const before = findCondition(observed.dataVolume.status?.conditions, 'Running')
  const reported = before?.status === 'False' && before.reason === 'Error' && before.message === message
  const since = reported ? Date.parse(before.lastTransitionTime ?? '') : observed.now
  const left = since + Math.min(lastRetry, firstRetry * 2 ** disk.restarts) - observed.now
  if (reported && left <= 0) {
    return { ...settle(observed, { phase: text.inProgress, running: transferring }), actions: [{ type: 'createDisk' }] }
  }
  const events = reported ? [] : [warning(text.failedReason, message)]
  const settled = settle(observed, { phase: text.inProgress, running: errorState(message) })
  return { ...settled, events, requeueAfter: Math.max(left, 100) }
}

function fail(observed: ObservedDataVolume, message: string, reason = 'ErrImportFailed'): DataVolumeDecision {
  return { ...settle(observed, { phase: 'Failed', running: errorState(message) }), events: [warning(reason, message)] }
}

const pending: ConditionState = { type: 'Running', status: 'False', reason: 'Pending', message: '' }
const transferring: ConditionState = { type: 'Running', status: 'True', reason: 'Pod is running', message: '' }

function errorState(message: string): ConditionState {
  return { type: 'Running', status: 'False', reason: 'Error', message }
}

function normal(reason: string, message: string): DataVolumeEvent {
  return { type: 'Normal', reason, message }
}

function warning(reason: string, message: string): DataVolumeEvent {
  return { type: 'Warning', reason, message }
}

function keep({ dataVolume }: ObservedDataVolume): DataVolumeDecision {
  return { status: dataVolume.status ?? {}, actions: [], events: [] }
}

interface Settled {
  phase: DataVolumePhase
  running?: ConditionState
  /** Why there is no claim. */
  problem?: string
}

/** The status that goes with a phase. */
function settle(observed: ObservedDataVolume, { phase, running, problem }: Settled): DataVolumeDecision {
  const { dataVolume, claim, disk, now } = observed
  const before = dataVolume.status
  const kept = findCondition(before?.conditions, 'Running')
  const runningState = running ?? (kept ? stateOf(kept) : { ...pending, reason: '' })
  const states = [boundState(observed, problem), runningState, readyState(phase, runningState)]
  const restarts = disk?.restarts ?? before?.restartCount ?? 0
  const ended = phase === 'Succeeded' || phase === 'Failed'
  const status: NonNullable<DataVolume['status']> = {
    ...before,
    phase,
    progress: progressOf(phase, { disk, before: before?.progress }),
    conditions: conditionsOf(before?.conditions, states, now),
    ...(claim ? { claimName: claim.metadata.name } : {}),
    ...(ended && before?.restartCount !== undefined
      ? { restartCount: before.restartCount }
      : { restartCount: restarts }),
  }
  return { status, actions: [], events: [] }
}

function stateOf({ type, status, reason = '', message = '' }: ConditionState): ConditionState {
  return { type, status, reason, message }
}

/** A Running condition that says another error starts its pause anew. */
function conditionsOf(before: NonNullable<DataVolume['status']>['conditions'], states: ConditionState[], now: number) {
  const same = (before ?? []).filter((condition) => {
    const next = states.find(({ type }) => type === condition.type)
    return next?.reason === condition.reason
  })
  return stateConditions(same, states, now)
}

function boundState({ dataVolume, claim }: ObservedDataVolume, problem?: string): ConditionState {
  const { name } = dataVolume.metadata
  if (!claim) return { type: 'Bound', status: 'Unknown', reason: 'NotFound', message: problem ?? 'No PVC found' }
  if (claim.status?.phase === 'Bound')
    return { type: 'Bound', status: 'True', reason: 'Bound', message: `PVC ${name} Bound` }
  if (claim.status?.phase === 'Lost') {
    return { type: 'Bound', status: 'False', reason: 'ClaimLost', message: `PVC ${name} Lost` }
  }
  return { type: 'Bound', status: 'False', reason: 'Pending', message: `PVC ${name} Pending` }
}

function readyState(phase: DataVolumePhase, running: ConditionState): ConditionState {
  if (phase === 'Succeeded') return { type: 'Ready', status: 'True', reason: '', message: '' }
  if (running.status === 'True') return { type: 'Ready', status: 'False', reason: 'TransferRunning', message: '' }
  const failed = running.reason === 'Error'
  return {
    type: 'Ready',
    status: 'False',
    reason: failed ? 'Error' : '',
    message: failed ? (running.message ?? '') : '',
  }
}

/** CDI prints two decimals, and `N/A` while nothing is known. */
function progressOf(
  phase: DataVolumePhase,
  { disk, before }: { disk: DiskState | undefined; before: string | undefined },
): string {
  if (phase === 'Succeeded') return '100.0%'
  if (phase === 'Failed') return before ?? 'N/A'
  if (disk?.progress === undefined || disk.phase === 'failed') return before?.endsWith('%') && disk ? before : 'N/A'
  return `${disk.progress.toFixed(2)}%`
}
