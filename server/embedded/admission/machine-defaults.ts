import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { objectsIn } from './causes'

/** What KubeVirt's mutating webhooks fill in on amd64; objects are changed in place. */

function child(object: JsonObject, field: string): JsonObject {
  const value = object[field]
  if (isJsonObject(value)) return value
  const made: JsonObject = {}
  object[field] = made
  return made
}

/**
 * Defaults of a machine's template: what both a VirtualMachine and its instance get. A machine keeps the identity it had
 * when an update does not repeat it.
 */
export function fillMachine(spec: JsonObject, oldFirmware: JsonObject = {}): void {
  spec['architecture'] ??= 'amd64'
  const domain = child(spec, 'domain')
  child(domain, 'resources')
  child(domain, 'devices')
  child(domain, 'machine')['type'] ||= 'q35'
  const firmware = child(domain, 'firmware')
  firmware['uuid'] ??= oldFirmware['uuid'] ?? randomUUID()
  firmware['serial'] ??= oldFirmware['serial'] ?? randomUUID()
}

/** As much as a running machine's CPUs may grow. */
const hotplugRatio = 4

const diskKinds = ['disk', 'lun', 'cdrom']

/** Defaults of an instance: disks, buses, network and CPU. */
export function fillInstance(spec: JsonObject): void {
  fillMachine(spec)
  const domain = child(spec, 'domain')
  const devices = child(domain, 'devices')
  fillDisks(devices, objectsIn(spec['volumes']))
  if (objectsIn(devices['interfaces']).length === 0 && devices['autoattachPodInterface'] !== false) {
    devices['interfaces'] = [{ name: 'default', bridge: {} }]
    if (objectsIn(spec['networks']).length === 0) spec['networks'] = [{ name: 'default', pod: {} }]
  }
  const cpu = child(domain, 'cpu')
  cpu['sockets'] ??= 1
  cpu['cores'] ??= 1
  cpu['threads'] ??= 1
  cpu['maxSockets'] ??= Number(cpu['sockets']) * hotplugRatio
  cpu['model'] ??= 'host-model'
  const features = child(domain, 'features')
  const acpi = child(features, 'acpi')
  acpi['enabled'] ??= true
  spec['evictionStrategy'] ??= 'None'
}

function fillDisks(devices: JsonObject, volumes: readonly JsonObject[]): void {
  const disks = objectsIn(devices['disks'])
  const added = volumes
    .filter(({ name }) => !disks.some((disk) => disk['name'] === name))
    // A file system's share is attached by its own device.
    .filter(({ name }) => !objectsIn(devices['filesystems']).some((share) => share['name'] === name))
    .map(({ name }): JsonObject => ({ name, disk: {} }))
  for (const disk of [...disks, ...added]) {
    if (!diskKinds.some((kind) => disk[kind] !== undefined)) disk['disk'] = {}
    for (const kind of diskKinds) if (isJsonObject(disk[kind])) disk[kind]['bus'] ||= 'sata'
  }
  if (disks.length + added.length > 0) devices['disks'] = [...disks, ...added]
}
