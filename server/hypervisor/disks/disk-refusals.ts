import { HypervisorError } from '@/server/operator/engine/hypervisor-port'
import { formatBytes } from './byte-size'
import type { DiskEntry } from './disk-entry'

/** What a disk is not good for now, and why. */

/** The disk, when it is finished. Throws HypervisorError NotFound or Busy. */
export function readyDisk(entry: DiskEntry | undefined, id: string): DiskEntry {
  if (!entry) throw new HypervisorError('NotFound', `There is no disk “${id}” on this node.`)
  const { phase, spec, message } = entry.record
  if (phase === 'making') throw new HypervisorError('Busy', `The disk ${spec.name} is still being made.`)
  if (phase === 'failed') throw new HypervisorError('Busy', `The disk ${spec.name} could not be made: ${message}`)
  return entry
}

/** Throws HypervisorError Busy for a disk that a machine or a copy uses; `wish` says what it can be then: "can be deleted". */
export function refuseUse({ record, readers }: DiskEntry, wish: string): void {
  if (record.inUseBy !== undefined)
    throw new HypervisorError(
      'Busy',
      `Machine ${record.inUseBy} uses the disk ${record.spec.name}; it ${wish} once that has stopped.`,
    )
  if (readers > 0)
    throw new HypervisorError('Busy', `The disk ${record.spec.name} is being copied; it ${wish} once that has ended.`)
}

/** The disk to clone, when that can be read now. @param sizeBytes of the copy. Throws HypervisorError Busy or Invalid. */
export function checkCloneSource(source: DiskEntry, sizeBytes: number): DiskEntry {
  const { inUseBy, spec } = source.record
  if (inUseBy !== undefined) refuseUse(source, 'can be copied')
  if (spec.sizeBytes > sizeBytes)
    throw new HypervisorError(
      'Invalid',
      `The disk to copy is ${formatBytes(spec.sizeBytes)}, more than the ${formatBytes(sizeBytes)} asked for. Ask for as much at least.`,
    )
  return source
}
