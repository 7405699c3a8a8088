import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import type { MachineRule } from './machine-check'
import { fieldsSet, isSwitchedOn, numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { dnsLabelProblems } from './machine-names'

const diskKinds = ['disk', 'lun', 'cdrom'] as const
const pciAddress = /^[\da-fA-F]{4}:[\da-fA-F]{2}:[\da-fA-F]{2}\.[0-7]$/

export function isPciAddress(text: string): boolean {
  return pciAddress.test(text)
}

/** A disk under examination: `field` is the list's, `at` its own. */
interface DiskCheck {
  field: string
  at: string
  index: number
  disk: JsonObject
  causes: Causes
}

export const checkDisks: MachineRule = ({ field, spec, causes }) =>
  checkDiskList(`${field}.domain.devices.disks`, objectsAt(spec, 'domain', 'devices', 'disks'), causes)

export function checkDiskList(field: string, disks: readonly JsonObject[], causes: Causes): void {
  for (const [index, disk] of disks.entries()) {
    const at = `${field}[${index}]`
    for (const [other, { name }] of disks.slice(0, index).entries()) {
      if (name !== disk['name']) continue
      causes.invalid(`${at}.name`, `${at} and ${field}[${other}] must not have the same Name.`)
    }
    const check: DiskCheck = { field, at, index, disk, causes }
    if (fieldsSet(disk, diskKinds).length > 1) causes.invalid(at, `${at} can only have a single target type defined`)
    checkPciAddress(check)
    const order = numberAt(disk, 'bootOrder')
    if (order !== undefined && order < 1) {
      causes.invalid(`${at}.bootOrder`, `${at} must have a boot order > 0, if supplied`)
    }
    checkBus(check)
    checkSerial(check)
    checkModes(check)
    // The disk's name becomes a container's in KubeVirt. The path has its start twice, as there.
    for (const problem of dnsLabelProblems(textAt(disk, 'name'))) {
      causes.invalid(`${field}.domain.devices.disks[${index}].name`, problem)
    }
    checkBlockSize(check)
  }
}

function checkPciAddress({ field, index, disk, causes }: DiskCheck): void {
  const address = textAt(disk, 'disk', 'pciAddress')
  if (address === '') return
  const at = `${field}.domain.devices.disks.disk[${index}]`
  if (textAt(disk, 'disk', 'bus') !== 'virtio') {
    causes.invalid(`${at}.pciAddress`, `disk ${at}.name - setting a PCI address is only possible with bus type virtio.`)
  }
  if (!isPciAddress(address)) {
    causes.invalid(`${at}.pciAddress`, `disk ${at}.name has malformed PCI address (${address}).`)
  }
}

/** The first kind that is set is the one that counts. */
function targetOf(disk: JsonObject): { kind: (typeof diskKinds)[number] | undefined; bus: string } {
  const kind = diskKinds.find((name) => objectAt(disk, name))
  return { kind, bus: kind === undefined ? '' : textAt(disk, kind, 'bus') }
}

function checkBus({ field, at, index, disk, causes }: DiskCheck): void {
  const { kind, bus } = targetOf(disk)
  if (kind === undefined || bus === '') return
  const problem = busProblem(at, { kind, bus, disk })
  if (problem !== undefined) causes.invalid(`${at}.${kind}.bus`, problem)
  if (disk['dedicatedIOThread'] === true && bus !== 'virtio') {
    causes.notSupported(
      `${field}.domain.devices.disks[${index}]`,
      `IOThreads are not supported for disks on a ${bus} bus`,
    )
  }
}

function busProblem(at: string, target: { kind: string; bus: string; disk: JsonObject }): string | undefined {
  const { kind, bus, disk } = target
  switch (bus) {
    case 'ide':
      return 'IDE bus is not supported'
    case 'virtio':
      return kind === 'cdrom' ? 'Bus type virtio is invalid for CD-ROM device' : undefined
    case 'sata':
      return valueAt(disk, 'disk', 'readonly') === true ? 'sata hard-disks do not support read-only.' : undefined
    case 'scsi':
    case 'usb':
      return undefined
    default:
      return `${at} is set with an unrecognized bus ${bus}, must be one of: [virtio scsi sata usb]`
  }
}

function checkSerial({ at, disk, causes }: DiskCheck): void {
  const serial = textAt(disk, 'serial')
  if (serial === '') return
  if (!/^[A-Za-z0-9_.+-]+$/.test(serial)) {
    causes.invalid(`${at}.serial`, `${at} must be made up of the following characters [A-Za-z0-9_.+-], if specified`)
  }
  if ([...serial].length > 256) {
    causes.invalid(`${at}.serial`, `${at} must be less than or equal to 256 in length, if specified`)
  }
}

function checkModes({ field, at, index, disk, causes }: DiskCheck): void {
  const cache = textAt(disk, 'cache')
  if (!['', 'none', 'writethrough', 'writeback'].includes(cache)) {
    causes.invalid(`${at}.cache`, `${at}.cache has invalid value ${cache}`)
  }
  if (!['', 'native', 'threads'].includes(textAt(disk, 'io'))) {
    causes.notSupported(
      `${field}.domain.devices.disks[${index}].io`,
      `Disk IO mode for ${field} is not supported. Supported modes are: native, threads.`,
    )
  }
  const policy = valueAt(disk, 'errorPolicy')
  if (policy !== undefined && !['stop', 'ignore', 'report', 'enospace'].includes(String(policy))) {
    causes.invalid(`${at}.errorPolicy`, `${at}.errorPolicy has invalid value "${String(policy)}"`)
  }
}

const smallestBlock = 512
const largestBlock = 2_097_152

function checkBlockSize({ at, disk, causes }: DiskCheck): void {
  const custom = objectAt(disk, 'blockSize', 'custom')
  if (!custom) return
  if (isSwitchedOn(valueAt(disk, 'blockSize', 'matchVolume'))) {
    return causes.invalid(`${at}.blockSize`, "Block size matching can't be enabled together with a custom value")
  }
  const logical = numberAt(custom, 'logical') ?? 0
  const physical = numberAt(custom, 'physical') ?? 0
  const granularity = numberAt(custom, 'discardGranularity')
  const field = `${at}.blockSize.custom`
  if (logical > physical) {
    return causes.invalid(
      `${field}.logical`,
      `Logical size ${logical} must be the same or less than the physical size of ${physical}`,
    )
  }
  if (targetOf(disk).bus === 'sata' && logical !== smallestBlock) {
    return causes.invalid(`${field}.logical`, `Logical size ${logical} must be ${smallestBlock} for SATA devices`)
  }
  if (granularity !== undefined && logical !== 0 && granularity % logical !== 0) {
    return causes.invalid(
      `${field}.discardGranularity`,
      `Discard granularity ${granularity} must be multiples of logical size ${logical}`,
    )
  }
  for (const [name, size] of [
    ['logical', logical],
    ['physical', physical],
  ] as const) {
    const problem = blockProblem(size)
    if (problem !== undefined) causes.invalid(`${field}.${name}`, `Provided size of ${size} ${problem}`)
  }
}

function blockProblem(size: number): string | undefined {
  if (size < smallestBlock) return `is less than the supported minimum size of ${smallestBlock}`
  if (size > largestBlock) return `is greater than the supported maximum size of ${largestBlock}`
  return (size & (size - 1)) === 0 ? undefined : 'is not a power of 2'
}

/** A path within an image: absolute, to a file, without relative parts. */
export function checkImagePath(field: string, path: string, causes: Causes): void {
  if (path === '/') return causes.invalid(field, `${field} must not point to root`)
  const parts = path.split('/').slice(1)
  if (parts.at(-1) === '') parts.pop()
  if (path.startsWith('/') && !parts.some((part) => part === '' || part === '.' || part === '..')) return
  causes.invalid(field, `${field} must be an absolute path to a file without relative components`)
}
