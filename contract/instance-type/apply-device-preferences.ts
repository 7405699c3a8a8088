import type { JsonObject } from '../json'
import { childOf, objectAt, objectsAt, textAt, valueAt } from '../json-fields'
import { fill } from './fill'

const autoattach = [
  ['autoattachGraphicsDevice', 'preferredAutoattachGraphicsDevice'],
  ['autoattachMemBalloon', 'preferredAutoattachMemBalloon'],
  ['autoattachPodInterface', 'preferredAutoattachPodInterface'],
  ['autoattachSerialConsole', 'preferredAutoattachSerialConsole'],
  ['autoattachInputDevice', 'preferredAutoattachInputDevice'],
] as const

const plain = [
  ['useVirtioTransitional', 'preferredUseVirtioTransitional'],
  ['blockMultiQueue', 'preferredBlockMultiQueue'],
  ['networkInterfaceMultiqueue', 'preferredNetworkInterfaceMultiQueue'],
  ['rng', 'preferredRng'],
  ['tpm', 'preferredTPM'],
] as const

/** Which devices a machine gets unasked: decided before it is given its default devices. */
export function applyAutoattach(machine: JsonObject, preference: JsonObject): void {
  const devices = childOf(childOf(machine, 'domain'), 'devices')
  for (const [field, wish] of autoattach) fill(devices, field, valueAt(preference, 'devices', wish))
}

/** Gives a template's spec the devices' settings that a preference wants; changed in place. */
export function applyDevicePreferences(machine: JsonObject, preference: JsonObject): void {
  const wishes = objectAt(preference, 'devices')
  if (!wishes) return
  const devices = childOf(childOf(machine, 'domain'), 'devices')
  for (const [field, wish] of plain) fill(devices, field, wishes[wish])
  if (typeof wishes['preferredDisableHotplug'] === 'boolean') {
    devices['disableHotplug'] = wishes['preferredDisableHotplug']
  }
  const sound = objectAt(devices, 'sound')
  if (sound) fill(sound, 'model', wishes['preferredSoundModel'])
  const video = textAt(wishes, 'preferredVideoType')
  if (video !== '') fill(childOf(devices, 'video'), 'type', video)
  applyAutoattach(machine, preference)
  for (const disk of objectsAt(devices, 'disks')) applyDisk(disk, wishes)
  applyInterfaces(machine, wishes)
  for (const input of objectsAt(devices, 'inputs')) {
    fill(input, 'bus', wishes['preferredInputBus'])
    fill(input, 'type', wishes['preferredInputType'])
  }
  applyPanicDevices(devices, wishes)
}

function applyDisk(disk: JsonObject, wishes: JsonObject): void {
  if (!objectAt(disk, 'disk') && !objectAt(disk, 'cdrom') && !objectAt(disk, 'lun')) disk['disk'] = {}
  const target = objectAt(disk, 'disk')
  const drive = objectAt(disk, 'cdrom')
  const lun = objectAt(disk, 'lun')
  if (target) {
    fill(target, 'bus', wishes['preferredDiskBus'])
    fill(disk, 'blockSize', wishes['preferredDiskBlockSize'])
    fill(disk, 'cache', wishes['preferredDiskCache'])
    fill(disk, 'io', wishes['preferredDiskIO'])
    // Other buses have no thread of their own.
    if (target['bus'] === 'virtio') fill(disk, 'dedicatedIOThread', wishes['preferredDiskDedicatedIoThread'])
  } else if (drive) fill(drive, 'bus', wishes['preferredCdromBus'])
  else if (lun) fill(lun, 'bus', wishes['preferredLunBus'])
}

const bindings = ['bridge', 'slirp', 'masquerade', 'sriov', 'macvtap', 'passt', 'passtBinding', 'binding']

function applyInterfaces(machine: JsonObject, wishes: JsonObject): void {
  const onPodNetwork = new Set(
    objectsAt(machine, 'networks').flatMap((network) => (objectAt(network, 'pod') ? [network['name']] : [])),
  )
  for (const card of objectsAt(machine, 'domain', 'devices', 'interfaces')) {
    fill(card, 'model', wishes['preferredInterfaceModel'])
    const unbound = bindings.every((binding) => valueAt(card, binding) === undefined)
    if (unbound && onPodNetwork.has(card['name'])) fill(card, 'masquerade', wishes['preferredInterfaceMasquerade'])
  }
}

function applyPanicDevices(devices: JsonObject, wishes: JsonObject): void {
  const model = textAt(wishes, 'preferredPanicDeviceModel')
  if (model === '') return
  const own = objectsAt(devices, 'panicDevices')
  if (own.length === 0) devices['panicDevices'] = [{ model }]
  for (const device of own) fill(device, 'model', model)
}
