import type { JsonObject } from '@/contract/json'
import type { MachineCheck, MachineRule } from './machine-check'
import { numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

/** Disks have their volumes, and no two devices the same place in the boot order. */
export const checkBootOrder: MachineRule = (check) => {
  const { field, spec, causes } = check
  const volumes = new Map(objectsAt(spec, 'volumes').map((volume) => [volume['name'], volume]))
  const taken = new Set<number>()
  const disks = `${field}.domain.devices.disks`
  for (const [index, disk] of objectsAt(spec, 'domain', 'devices', 'disks').entries()) {
    const volume = volumes.get(disk['name'])
    const at = `${disks}[${index}]`
    if (volume) checkPairing(check, { at, disk, volume })
    else checkMissingVolume(check, { at, disk })
    const order = numberAt(disk, 'bootOrder')
    if (order === undefined) continue
    if (taken.has(order)) {
      causes.invalid(`${at}.bootOrder`, `Boot order for ${at}.bootOrder already set for a different device.`)
    }
    taken.add(order)
  }
  checkInterfaces(check, taken)
}

function checkMissingVolume({ settings, causes }: MachineCheck, { at, disk }: { at: string; disk: JsonObject }): void {
  if (!objectAt(disk, 'cdrom')) {
    causes.invalid(`${at}.name`, `${at}.Name '${textAt(disk, 'name')}' not found.`)
  } else if (!settings.has('DeclarativeHotplugVolumes')) {
    causes.invalid(
      `${at}.name`,
      'DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk',
    )
  }
}

function checkPairing(
  { causes }: MachineCheck,
  { at, disk, volume }: { at: string; disk: JsonObject; volume: JsonObject },
): void {
  if (objectAt(disk, 'lun') && !objectAt(volume, 'persistentVolumeClaim') && !objectAt(volume, 'dataVolume')) {
    causes.invalid(`${at}.lun`, `${at}.lun can only be mapped to a DataVolume or PersistentVolumeClaim volume.`)
  }
  if (valueAt(volume, 'downwardMetrics') === undefined) return
  const bus = textAt(disk, 'disk', 'bus')
  if (!objectAt(disk, 'disk')) {
    causes.required(`${at}.disk`, `DownwardMetrics volume must be mapped to a disk, but disk is not set on ${at}.disk.`)
  } else if (bus !== 'virtio' && bus !== '') {
    causes.invalid(
      `${at}.disk.bus`,
      `DownwardMetrics volume must be mapped to virtio bus, but ${at}.disk.bus is set to ${bus}`,
    )
  }
}

function checkInterfaces({ field, spec, causes }: MachineCheck, taken: Set<number>): void {
  for (const [index, entry] of objectsAt(spec, 'domain', 'devices', 'interfaces').entries()) {
    const order = numberAt(entry, 'bootOrder')
    if (order === undefined) continue
    if (order < 1) {
      // The path leaves its middle out, as KubeVirt's does.
      causes.invalid(`${field}[${index}].bootOrder`, `${field}[${index}] must have a boot order > 0, if supplied`)
      continue
    }
    const at = `${field}.domain.devices.interfaces[${index}].bootOrder`
    if (taken.has(order)) causes.invalid(at, `Boot order for ${at} already set for a different device.`)
    taken.add(order)
  }
}
