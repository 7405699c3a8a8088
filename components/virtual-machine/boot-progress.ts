import type { DataVolume } from '@/contract/kinds/data-volume'
import type { Machine } from './machine'

export type BootStepId = 'disk' | 'starting' | 'booting' | 'running'
export type BootStepState = 'waiting' | 'current' | 'done' | 'failed'

export interface BootStep {
  id: BootStepId
  state: BootStepState
}

/** How a new or starting machine gets on. */
export interface BootProgress {
  steps: readonly BootStep[]
  /** How the disk comes about; decides the words. */
  disk: 'import' | 'clone' | 'blank' | 'other'
  /** 0 … 100 while the disk is being filled and somebody knows. */
  percent?: number
  /** Why it does not go on, in the controller's words. */
  failure?: string
}

/** What keeps a guest from getting on, as conditions of the instance say it. */
const blocking = ['PodScheduled', 'Synchronized', 'Provisioning']

/** The steps from nothing to a running guest, as far as the objects tell. */
export function decideBootProgress(machine: Machine, dataVolumes: readonly DataVolume[]): BootProgress {
  const unfinished = dataVolumes.filter((volume) => volume.status?.phase !== 'Succeeded')
  const reached = reachedStep(machine, dataVolumes, unfinished)
  const diskWords = reached === 'disk' ? unfinished.map(diskFailure).find((words) => words !== undefined) : undefined
  const failure = diskWords ?? guestFailure(machine)
  const percent = reached === 'disk' ? readPercent(unfinished[0]?.status?.progress) : undefined
  return {
    steps: stepsAt(reached, failure !== undefined),
    disk: diskKind(unfinished[0] ?? dataVolumes[0]),
    ...(percent === undefined ? {} : { percent }),
    ...(failure === undefined ? {} : { failure }),
  }
}

function reachedStep(
  { vm, vmi }: Machine,
  dataVolumes: readonly DataVolume[],
  unfinished: readonly DataVolume[],
): BootStepId {
  const phase = vmi?.status?.phase
  if (phase === 'Running') return 'running'
  if (phase === 'Scheduled') return 'booting'
  // A guest that is being placed has passed its disks, also those that somebody made by other means.
  if (phase === 'Scheduling') return 'starting'
  const awaited = expectedVolumes(vm).some((name) => !dataVolumes.some((volume) => volume.metadata.name === name))
  return unfinished.length === 0 && !awaited ? 'starting' : 'disk'
}

const order: readonly BootStepId[] = ['disk', 'starting', 'booting', 'running']

function stepsAt(reached: BootStepId, failed: boolean): BootStep[] {
  const at = order.indexOf(reached)
  return order.map((id, index) => {
    if (index < at || (id === 'running' && reached === 'running')) return { id, state: 'done' }
    if (index > at) return { id, state: 'waiting' }
    return { id, state: failed ? 'failed' : 'current' }
  })
}

/** The names of the DataVolumes that a machine's disks come from. */
export function expectedVolumes(vm: Machine['vm']): string[] {
  return (vm.spec.template.spec.volumes ?? []).flatMap((volume) => (volume.dataVolume ? [volume.dataVolume.name] : []))
}

/** `45.12%` → 45.12; undefined for `N/A` or nothing. */
export function readPercent(progress: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(progress ?? '')
  return match ? Math.min(100, Number(match[1])) : undefined
}

/** Why a disk does not get filled: the volume has failed, or its last attempt has and another one follows. */
export function diskFailure(volume: DataVolume): string | undefined {
  const conditions = volume.status?.conditions ?? []
  const failing = conditions.find(
    ({ type, status, reason }) => type === 'Running' && status !== 'True' && reason === 'Error',
  )
  if (!failing && volume.status?.phase !== 'Failed') return undefined
  const said = failing ?? conditions.find(({ status, message }) => status !== 'True' && message)
  return said?.message ?? said?.reason ?? volume.status?.phase
}

function guestFailure({ vm, vmi }: Machine): string | undefined {
  const failed = vm.status?.conditions?.find(({ type, status }) => type === 'Failure' && status === 'True')
  if (failed) return failed.message ?? failed.reason
  const block = vmi?.status?.conditions?.find(
    ({ type, status, message }) => blocking.includes(type) && status === 'False' && message,
  )
  return block?.message
}

/** How a disk comes about; decides the words. */
export function diskKind(volume: DataVolume | undefined): BootProgress['disk'] {
  const given = Object.keys(volume?.spec.source ?? {})[0] ?? ''
  return kinds[given] ?? 'other'
}

const kinds: Record<string, BootProgress['disk']> = {
  http: 'import',
  registry: 'import',
  s3: 'import',
  gcs: 'import',
  pvc: 'clone',
  snapshot: 'clone',
  blank: 'blank',
}
