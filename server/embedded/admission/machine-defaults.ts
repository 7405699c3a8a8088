import { randomUUID } from 'node:crypto'
import { fillDiskPerVolume, fillNetwork } from '@/contract/instance-type/default-devices'
import type { JsonObject } from '@/contract/json'
import { parseQuantity } from '@/contract/quantity'
import { childOf, numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { fillHyperv } from './machine-hyperv'
import { memoryGrowthProblem } from './machine-memory'
import { binaryQuantity, unitsOf } from './machine-quantities'
import type { MachineSettings } from './machine-settings'

/** What KubeVirt's mutating webhooks fill in on amd64; objects are changed in place. */

/** A template's defaults. A machine keeps the identity it had when an update does not repeat it. */
export function fillTemplate(spec: JsonObject, settings: MachineSettings, oldFirmware: JsonObject = {}): void {
  fillPlatform(spec, settings)
  const domain = childOf(spec, 'domain')
  childOf(domain, 'resources')
  childOf(domain, 'devices')
  const firmware = childOf(domain, 'firmware')
  firmware['uuid'] ||= oldFirmware['uuid'] ?? randomUUID()
  firmware['serial'] ||= oldFirmware['serial'] ?? randomUUID()
}

function fillPlatform(spec: JsonObject, settings: MachineSettings): void {
  spec['architecture'] ||= 'amd64'
  childOf(childOf(spec, 'domain'), 'machine')['type'] ||= settings.machineType
}

/** The defaults that the rules count on: what a template is examined with, and the first half of an instance's. */
export function fillSpec(spec: JsonObject, settings: MachineSettings): void {
  fillPlatform(spec, settings)
  const domain = childOf(spec, 'domain')
  fillCpuRequest(domain, settings)
  fillGuestMemory(domain)
  fillTopology(domain)
  for (const volume of objectsAt(spec, 'volumes')) fillPullPolicy(objectAt(volume, 'containerDisk'))
  spec['evictionStrategy'] ??= settings.evictionStrategy
  fillNetwork(spec, settings.defaultBinding)
  fillDiskPerVolume(spec)
}

function fillCpuRequest(domain: JsonObject, settings: MachineSettings): void {
  const resources = childOf(domain, 'resources')
  const limit = valueAt(resources, 'limits', 'cpu')
  const request = valueAt(resources, 'requests', 'cpu')
  if (unitsOf(limit) !== 0n && unitsOf(request) === 0n) childOf(resources, 'requests')['cpu'] = limit
  if (settings.cpuRequest === undefined || valueAt(resources, 'requests', 'cpu') !== undefined) return
  if (valueAt(domain, 'cpu', 'dedicatedCpuPlacement') === true) return
  childOf(resources, 'requests')['cpu'] = settings.cpuRequest
}

function fillGuestMemory(domain: JsonObject): void {
  const memory = childOf(domain, 'memory')
  if (memory['guest'] !== undefined && memory['guest'] !== null) return
  const request = valueAt(domain, 'resources', 'requests', 'memory')
  const limit = valueAt(domain, 'resources', 'limits', 'memory')
  const page = textAt(memory, 'hugepages', 'pageSize')
  if (unitsOf(request) !== 0n) memory['guest'] = request
  else if (unitsOf(limit) !== 0n) memory['guest'] = limit
  else if (parseQuantity(page) !== undefined) memory['guest'] = page
}

/** Sockets as many as CPUs are asked for: they perform best. A topology given in part stays as it is. */
function fillTopology(domain: JsonObject): void {
  const cpu = childOf(domain, 'cpu')
  if (cpu['cores'] || cpu['sockets'] || cpu['threads']) return
  const asked = valueAt(domain, 'resources', 'limits', 'cpu') ?? valueAt(domain, 'resources', 'requests', 'cpu')
  Object.assign(cpu, { sockets: asked === undefined ? 1 : Number(unitsOf(asked)), cores: 1, threads: 1 })
}

function fillPullPolicy(disk: JsonObject | undefined): void {
  if (!disk || textAt(disk, 'imagePullPolicy') !== '') return
  const image = textAt(disk, 'image')
  disk['imagePullPolicy'] = image.endsWith(':latest') || !/[:@]/.test(image) ? 'Always' : 'IfNotPresent'
}

/** Defaults of an instance: disks, buses, features, network and CPU. */
export function fillInstance(spec: JsonObject, settings: MachineSettings): void {
  fillSpec(spec, settings)
  const domain = childOf(spec, 'domain')
  childOf(domain, 'firmware')['uuid'] ||= randomUUID()
  childOf(childOf(domain, 'features'), 'acpi')['enabled'] ??= true
  fillDevices(childOf(domain, 'devices'))
  for (const name of ['readinessProbe', 'livenessProbe']) fillProbe(objectAt(spec, name))
  fillHyperv(domain)
  childOf(domain, 'cpu')['model'] ||= settings.cpuModel
  if (settings.liveUpdate) fillGrowth(spec, settings)
}

function fillDevices(devices: JsonObject): void {
  for (const disk of objectsAt(devices, 'disks')) {
    const kinds = ['disk', 'lun', 'cdrom'] as const
    if (!kinds.some((kind) => objectAt(disk, kind))) disk['disk'] = {}
    for (const kind of kinds) {
      const target = objectAt(disk, kind)
      if (target) target['bus'] ||= 'sata'
    }
    const drive = objectAt(disk, 'cdrom')
    if (drive) {
      drive['readonly'] ??= true
      drive['tray'] ||= 'closed'
    }
  }
  for (const input of objectsAt(devices, 'inputs')) {
    input['bus'] ||= 'usb'
    input['type'] ||= 'tablet'
  }
  const watchdog = objectAt(devices, 'watchdog')
  if (watchdog) childOf(watchdog, 'i6300esb')['action'] ||= 'reset'
}

const probeNumbers = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }

function fillProbe(probe: JsonObject | undefined): void {
  if (!probe) return
  for (const [name, standard] of Object.entries(probeNumbers)) {
    if ((numberAt(probe, name) ?? 0) < 1) probe[name] = standard
  }
}

/** As many virtual CPUs as any machine type takes. */
const mostCpus = 512

/** How far CPUs and memory may grow while the machine runs. */
function fillGrowth(spec: JsonObject, settings: MachineSettings): void {
  const domain = childOf(spec, 'domain')
  const cpu = childOf(domain, 'cpu')
  const sockets = numberAt(cpu, 'sockets') ?? 0
  const perSocket = (numberAt(cpu, 'cores') ?? 0) * (numberAt(cpu, 'threads') ?? 0)
  if (!cpu['maxSockets']) {
    const grown =
      settings.maxCpuSockets > 0 ? Math.max(settings.maxCpuSockets, sockets) : sockets * settings.maxHotplugRatio
    const tooMany = settings.maxCpuSockets === 0 && grown * perSocket > mostCpus
    const most = tooMany ? Math.max(Math.floor(mostCpus / perSocket), sockets) : grown
    if (most > 0) cpu['maxSockets'] = most
  }
  const memory = childOf(domain, 'memory')
  if (memory['maxGuest'] !== undefined) return
  const guest = valueAt(memory, 'guest')
  const most =
    settings.maxGuest ??
    (guest === undefined ? undefined : binaryQuantity(unitsOf(guest) * BigInt(settings.maxHotplugRatio)))
  if (memoryGrowthProblem(spec, most) === undefined) memory['maxGuest'] = most
}

/** What a new instance's status says about its memory and CPUs. */
export function initialStatus(spec: JsonObject): JsonObject {
  const guest = valueAt(spec, 'domain', 'memory', 'guest')
  const cpu = objectAt(spec, 'domain', 'cpu')
  const topology = Object.fromEntries(
    ['sockets', 'cores', 'threads'].flatMap((part) => (cpu?.[part] ? [[part, cpu[part]]] : [])),
  )
  return {
    ...(cpu ? { currentCPUTopology: topology } : {}),
    ...(guest === undefined ? {} : { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } }),
    runtimeUser: 107,
  }
}
