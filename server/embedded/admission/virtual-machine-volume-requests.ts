import { type JsonObject, jsonEqual } from '@/contract/json'
import { Causes } from './causes'
import { numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const field = 'Status.volumeRequests'

/** The requests to attach and detach volumes in a machine's status; the first fault is told. */
export function volumeRequestCauses(machine: JsonObject | undefined, status: JsonObject | undefined): Causes {
  const causes = new Causes()
  const added = new Set<string>()
  const removed = new Set<string>()
  for (const request of objectsAt(status, 'volumeRequests')) {
    const add = objectAt(request, 'addVolumeOptions')
    const remove = objectAt(request, 'removeVolumeOptions')
    if (add && remove) {
      causes.invalid(field, 'VolumeRequests require either addVolumeOptions or removeVolumeOptions to be set, not both')
    } else if (add) checkAdd(add, { machine, added, causes })
    else if (remove) {
      const name = textAt(remove, 'name')
      if (removed.has(name)) causes.invalid(field, `RemoveVolume request for [${name}] aleady exists`)
      removed.add(name)
    } else {
      causes.invalid(field, 'VolumeRequests require one of either addVolumeOptions or removeVolumeOptions to be set')
    }
    if (causes.any) return causes
  }
  return causes
}

interface AddCheck {
  machine: JsonObject | undefined
  added: Set<string>
  causes: Causes
}

function checkAdd(add: JsonObject, { machine, added, causes }: AddCheck): void {
  const name = textAt(add, 'name')
  if (added.has(name)) return causes.invalid(field, `AddVolume request for [${name}] aleady exists`)
  added.add(name)
  const problem = hotplugDiskProblem(objectAt(add, 'disk'), name, 'AddVolume request')
  if (problem !== undefined) return causes.invalid(field, problem)
  const source = objectAt(add, 'volumeSource')
  const kind = objectAt(source, 'persistentVolumeClaim') ? 'persistentVolumeClaim' : 'dataVolume'
  const wanted = { name, [kind]: valueAt(source, kind) }
  const present = objectsAt(machine, 'volumes').find((volume) => volume['name'] === name)
  if (!present || jsonEqual(present, wanted)) return
  causes.invalid(
    field,
    `AddVolume request for [${name}] conflicts with an existing volume of the same name on the vmi template.`,
  )
}

/** Why a disk cannot be attached to a running machine. */
export function hotplugDiskProblem(disk: JsonObject | undefined, name: string, prefix: string): string | undefined {
  if (!disk) return `${prefix} for [${name}] requires the disk field to be set.`
  const kind = ['disk', 'lun'].find((candidate) => objectAt(disk, candidate))
  const bus = kind === undefined ? '' : textAt(disk, kind, 'bus')
  if (kind === undefined) return `${prefix} for [${name}] requires diskDevice of type 'disk' or 'lun' to be used.`
  if (kind === 'disk' && bus !== 'scsi' && bus !== 'virtio') {
    return `${prefix} for disk [${name}] requires bus to be 'scsi' or 'virtio'. [${bus}] is not permitted.`
  }
  if (kind === 'lun' && bus !== 'scsi') {
    return `${prefix} for LUN [${name}] requires bus to be 'scsi'. [${bus}] is not permitted.`
  }
  if (disk['dedicatedIOThread'] === true && bus !== 'virtio') {
    return `${prefix} for [${name}] requires virtio bus for IOThreads.`
  }
  return (numberAt(disk, 'bootOrder') ?? 1) < 1
    ? 'spec.domain.devices.disks[1] must have a boot order > 0, if supplied'
    : undefined
}
