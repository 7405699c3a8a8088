import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import { compareQuantities } from '@/contract/quantity'
import { objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { quantityText } from './machine-quantities'
import { hotplugDiskProblem } from './virtual-machine-volume-requests'

/** What even the platform does not change in a running instance; the first fault is told. */
export function hotplugCauses(spec: JsonObject, old: JsonObject): StatusCause[] {
  const before = objectAt(old, 'spec') ?? {}
  const problem = limitProblem(spec, before) ?? volumeProblem(spec, { before, old })
  return problem === undefined ? [] : [{ reason: 'FieldValueInvalid', message: problem }]
}

function limitProblem(spec: JsonObject, before: JsonObject): string | undefined {
  const sockets = (from: JsonObject) => valueAt(from, 'domain', 'cpu', 'maxSockets')
  if (sockets(spec) !== sockets(before)) return 'CPU topology maxSockets changed'
  const most = (from: JsonObject) => quantityText(valueAt(from, 'domain', 'memory', 'maxGuest'))
  const [next, previous] = [most(spec), most(before)]
  if (next === undefined || previous === undefined || compareQuantities(next, previous) === 0) return undefined
  return 'Memory maxGuest changed'
}

interface Before {
  before: JsonObject
  old: JsonObject
}

function byName(list: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(list.map((entry) => [textAt(entry, 'name'), entry]))
}

function volumeProblem(spec: JsonObject, { before, old }: Before): string | undefined {
  const permanent = new Set(
    objectsAt(old, 'status', 'volumeStatus')
      .filter((status) => !objectAt(status, 'hotplugVolume'))
      .map((status) => textAt(status, 'name')),
  )
  const [volumes, oldVolumes] = [byName(objectsAt(spec, 'volumes')), byName(objectsAt(before, 'volumes'))]
  const disks = byName(objectsAt(spec, 'domain', 'devices', 'disks'))
  const oldDisks = byName(objectsAt(before, 'domain', 'devices', 'disks'))
  const kept = [...volumes.keys()].filter((name) => permanent.has(name))
  if (kept.length !== [...oldVolumes.keys()].filter((name) => permanent.has(name)).length) {
    return 'Number of permanent volumes has changed'
  }
  for (const [name, volume] of volumes) {
    const same = {
      volume: jsonEqual(volume, oldVolumes.get(name)),
      disk: jsonEqual(disks.get(name), oldDisks.get(name)),
    }
    if (permanent.has(name)) {
      if (!same.volume) return `permanent volume ${name}, changed`
      if (!same.disk) return `permanent disk ${name}, changed`
      continue
    }
    const dump = objectAt(volume, 'memoryDump') !== undefined
    const problem = oldVolumes.has(name)
      ? keptProblem(name, { same, dump, disk: disks.get(name) })
      : newProblem(name, { volume, dump, disk: disks.get(name), known: oldDisks.has(name) })
    if (problem !== undefined) return problem
  }
  return undefined
}

interface KeptVolume {
  same: { volume: boolean; disk: boolean }
  dump: boolean
  disk: JsonObject | undefined
}

function keptProblem(name: string, { same, dump, disk }: KeptVolume): string | undefined {
  if (!same.volume) return `hotplug volume ${name}, changed`
  if (dump) return undefined
  if (!disk) return `volume ${name} doesn't have a matching disk`
  return same.disk ? undefined : `hotplug disk ${name}, changed`
}

interface NewVolume {
  volume: JsonObject
  dump: boolean
  disk: JsonObject | undefined
  known: boolean
}

function newProblem(name: string, { volume, dump, disk, known }: NewVolume): string | undefined {
  if (dump) return undefined
  if (!objectAt(volume, 'dataVolume') && !objectAt(volume, 'persistentVolumeClaim')) {
    return `volume ${name} is not a PVC or DataVolume`
  }
  if (!disk) return `disk ${name} does not exist`
  return known ? undefined : hotplugDiskProblem(disk, name, 'Hotplug configuration')
}
