import type { DiskPhase, DiskState } from '@/server/operator/engine/hypervisor-port'
import { type DiskPaths, usedBytes } from './disk-files'
import type { DiskRecord } from './disk-record'
import type { WorkerOutcome } from './worker-run'

/** What the running agent knows of a disk. */
export interface DiskEntry {
  record: DiskRecord
  /** While it is made; `message`: why the last try broke off. */
  live: {
    phase: Extract<DiskPhase, 'pending' | 'downloading' | 'converting'>
    progress?: number
    rate?: number
    message?: string
  }
  making?: { abort: AbortController; done: Promise<void> }
  /** Clones that are being made from it. */
  readers: number
  /** The last write of its record: writes follow one another. */
  saved: Promise<void>
}

export function newEntry(record: DiskRecord): DiskEntry {
  return { record, live: { phase: 'pending' }, readers: 0, saved: Promise.resolve() }
}

/** The port's view of a disk. */
export async function readState({ record, live }: DiskEntry, paths: DiskPaths): Promise<DiskState> {
  const { spec, phase, restarts, retryable, inUseBy } = record
  const making = phase === 'making'
  const message = making ? live.message : record.message
  return {
    id: spec.id,
    name: spec.name,
    phase: making ? live.phase : phase,
    ...(phase === 'ready' ? { progress: 100 } : {}),
    ...(making && live.progress !== undefined ? { progress: live.progress } : {}),
    ...(making && live.rate !== undefined ? { rate: live.rate } : {}),
    sizeBytes: spec.sizeBytes,
    usedBytes: await usedBytes(paths),
    restarts,
    ...(message === undefined ? {} : { message }),
    ...(retryable === undefined ? {} : { retryable }),
    ...(inUseBy === undefined ? {} : { inUseBy }),
  }
}

export function explainOutcome(outcome: Exclude<WorkerOutcome, { type: 'done' }>) {
  if (outcome.type === 'failed') return outcome
  return { message: `The process that imports ended unexpectedly: ${outcome.detail}`, retry: 'now' as const }
}

/** Waits, but not beyond the signal. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
    if (signal.aborted) resolve()
  })
}
