import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import type { MachineCheck, MachineRule } from './machine-check'
import { checkCloudInit } from './machine-cloud-init'
import { checkImagePath } from './machine-disks'
import { fieldsSet, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { unitsOf } from './machine-quantities'

const sources = [
  'persistentVolumeClaim',
  'sysprep',
  'cloudInitNoCloud',
  'cloudInitConfigDrive',
  'containerDisk',
  'ephemeral',
  'emptyDisk',
  'hostDisk',
  'dataVolume',
  'configMap',
  'secret',
  'downwardAPI',
  'serviceAccount',
  'downwardMetrics',
  'memoryDump',
  'containerPath',
]

/** Every volume has one source, and each source what it needs. */
export const checkVolumes: MachineRule = (check) => {
  const { spec, causes } = check
  const field = `${check.field}.volumes`
  const volumes = objectsAt(spec, 'volumes')
  const seen = new Map<string, number>()
  for (const [index, volume] of volumes.entries()) {
    const at = `${field}[${index}]`
    const name = textAt(volume, 'name')
    const first = seen.get(name)
    if (first === undefined) seen.set(name, index)
    else causes.invalid(`${at}.name`, `${at} and ${field}[${first}] must not have the same Name.`)
    if (objectAt(volume, 'dataVolume') && textAt(volume, 'dataVolume', 'name') === '') {
      causes.required(`${at}.name`, "DataVolume 'name' must be set")
    }
    if (fieldsSet(volume, sources).length !== 1) causes.invalid(at, `${at} must have exactly one source type set`)
    checkCloudInit(at, volume, causes)
    checkSource(at, volume, check)
  }
  checkSingletons(field, volumes, causes)
}

function checkSource(at: string, volume: JsonObject, { settings, causes }: MachineCheck): void {
  if (objectAt(volume, 'downwardMetrics') && !settings.has('DownwardMetrics')) {
    causes.invalid(at, 'downwardMetrics disks are not allowed: DownwardMetrics feature gate is not enabled.')
  }
  const hostDisk = objectAt(volume, 'hostDisk')
  if (hostDisk) {
    if (!settings.has('HostDisk')) causes.invalid(at, 'HostDisk feature gate is not enabled')
    checkHostDisk(`${at}.hostDisk`, hostDisk, causes)
  }
  for (const [source, name] of [
    ['configMap', 'name'],
    ['secret', 'secretName'],
    ['serviceAccount', 'serviceAccountName'],
  ] as const) {
    if (!objectAt(volume, source) || textAt(volume, source, name) !== '') continue
    causes.invalid(`${at}.${source}.${name}`, `${at}.${source}.${name} is a required field`)
  }
}

function checkHostDisk(at: string, disk: JsonObject, causes: Causes): void {
  const type = textAt(disk, 'type')
  if (textAt(disk, 'path') === '') causes.notFound(`${at}.path`, `${at}.path is required for hostDisk volume`)
  if (type !== 'Disk' && type !== 'DiskOrCreate') {
    causes.invalid(`${at}.type`, `${at}.type has invalid value '${type}', allowed are 'Disk' or 'DiskOrCreate'`)
  }
  if (type === 'Disk' && unitsOf(valueAt(disk, 'capacity')) !== 0n) {
    causes.invalid(`${at}.capacity`, `${at}.capacity is allowed to pass only with ${at}.type equal to 'DiskOrCreate'`)
  }
}

function checkSingletons(field: string, volumes: readonly JsonObject[], causes: Causes): void {
  for (const [source, name] of [
    ['serviceAccount', 'serviceAccount'],
    ['downwardMetrics', 'downwardMetric'],
    ['memoryDump', 'memory dump'],
  ] as const) {
    if (volumes.filter((volume) => objectAt(volume, source)).length <= 1) continue
    causes.invalid(field, `${field} must have max one ${name} volume set`)
  }
}

export const checkContainerDisks: MachineRule = ({ field, spec, causes }) => {
  for (const [index, volume] of objectsAt(spec, 'volumes').entries()) {
    const path = textAt(volume, 'containerDisk', 'path')
    if (path !== '') checkImagePath(`${field}.volumes[${index}].containerDisk`, path, causes)
  }
}

/** Only what an instance itself must hold to: a template's volumes without disk get one before. */
export const checkVolumesAttached: MachineRule = ({ field, spec, causes }) => {
  const names = (list: string) => new Set(objectsAt(spec, 'domain', 'devices', list).map(({ name }) => name))
  const disks = names('disks')
  const shares = names('filesystems')
  for (const [index, volume] of objectsAt(spec, 'volumes').entries()) {
    if (objectAt(volume, 'memoryDump')) continue
    const at = `${field}.domain.volumes[${index}]`
    const name = textAt(volume, 'name')
    const attached = { disk: disks.has(name), share: shares.has(name) }
    if (!attached.disk && !attached.share) causes.invalid(`${at}.name`, `${at}.name '${name}' not found.`)
    if (objectAt(volume, 'containerPath')) checkContainerPath(at, { volume, attached, causes })
  }
}

function checkContainerPath(
  at: string,
  { volume, attached, causes }: { volume: JsonObject; attached: { disk: boolean; share: boolean }; causes: Causes },
): void {
  const name = `ContainerPath volume '${textAt(volume, 'name')}'`
  if (attached.disk) causes.invalid(at, `${name} must be mapped to a filesystem, not a disk`)
  if (!attached.share) {
    causes.invalid(at, `${name} must have a matching filesystem defined in spec.domain.devices.filesystems`)
  }
  const path = textAt(volume, 'containerPath', 'path')
  const reserved = ['/var/run/kubevirt', '/var/run/libvirt'].find((prefix) => path.startsWith(prefix))
  if (reserved !== undefined)
    causes.invalid(`${at}.containerPath.path`, `${name} uses reserved path prefix '${reserved}'`)
}

/** Sources that a machine gets only while it runs. */
export const checkUtilityVolumes: MachineRule = ({ field, spec, causes }) => {
  if (valueAt(spec, 'utilityVolumes') === undefined) return
  causes.invalid(
    `${field}.utilityVolumes`,
    'cannot create VMI with utility volumes in spec, utility volumes can only be added via hotplug',
  )
}
