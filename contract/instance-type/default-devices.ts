import type { JsonObject } from '../json'
import { childOf, objectsAt } from '../json-fields'

/** The pod network with one interface, unless a machine names its own or wants none; its spec is changed in place. */
export function fillNetwork(machine: JsonObject, defaultBinding: 'bridge' | 'masquerade'): void {
  const devices = childOf(childOf(machine, 'domain'), 'devices')
  if (devices['autoattachPodInterface'] === false) return
  if (objectsAt(devices, 'interfaces').length > 0 || objectsAt(machine, 'networks').length > 0) return
  devices['interfaces'] = [{ name: 'default', [defaultBinding]: {} }]
  machine['networks'] = [{ name: 'default', pod: {} }]
}

/** A disk for each volume that is none yet and no file system. */
export function fillDiskPerVolume(machine: JsonObject): void {
  const devices = childOf(childOf(machine, 'domain'), 'devices')
  const disks = objectsAt(devices, 'disks')
  const named = new Set([...disks, ...objectsAt(devices, 'filesystems')].map(({ name }) => name))
  const added = objectsAt(machine, 'volumes').filter(({ name }) => !named.has(name))
  if (added.length > 0) devices['disks'] = [...disks, ...added.map(({ name }): JsonObject => ({ name }))]
}

/** A pointing device where a machine wants one attached unasked and names none. */
export function fillInput(machine: JsonObject): void {
  const devices = childOf(childOf(machine, 'domain'), 'devices')
  if (devices['autoattachInputDevice'] !== true || objectsAt(devices, 'inputs').length > 0) return
  devices['inputs'] = [{ name: 'default-0' }]
}
