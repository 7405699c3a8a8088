import type { JsonObject } from '../json'
import { childOf, numberAt, objectAt, objectsAt, textAt, valueAt } from '../json-fields'
import { formatBytesQuantity, quantityBytes } from '../quantity'
import { applyPreference } from './apply-preference'
import { layOutCpus } from './cpu-topology'

/** Specs of an instance type and a preference, as they are in their objects. */
export interface Sizing {
  type?: JsonObject | undefined
  preference?: JsonObject | undefined
}

/**
 * Works an instance type and a preference into a VirtualMachine's template, which is changed in place. Where the template
 * says what its type decides, nothing is changed and the paths of those fields come back.
 */
export function applyInstanceType(template: JsonObject, { type, preference }: Sizing): readonly string[] {
  if (type) {
    const conflicts = typeConflicts(template, type)
    if (conflicts.length > 0) return conflicts
    applyType(template, type, preference)
  }
  if (preference) applyPreference(template, preference)
  return []
}

/** How KubeVirt words fields that an instance type decides already. */
export function conflictWords(fields: readonly string[]): string {
  return `VM field(s) ${fields.join(', ')} conflicts with selected instance type`
}

function typeConflicts(template: JsonObject, type: JsonObject): string[] {
  const machine = objectAt(template, 'spec') ?? {}
  const domain = objectAt(machine, 'domain') ?? {}
  const paths = [
    ...clash('nodeSelector', objectAt(type, 'nodeSelector'), machine['nodeSelector']),
    ...clash('schedulerName', type['schedulerName'], machine['schedulerName']),
    ...cpuConflicts(domain, objectAt(type, 'cpu')),
    ...memoryConflicts(domain, objectAt(type, 'memory')),
    ...clash(
      'domain.ioThreads.supplementalPoolThreadCount',
      valueAt(type, 'ioThreads', 'supplementalPoolThreadCount'),
      valueAt(domain, 'ioThreads', 'supplementalPoolThreadCount'),
    ),
    ...clash('domain.ioThreadsPolicy', type['ioThreadsPolicy'], domain['ioThreadsPolicy']),
    ...clash('domain.launchSecurity', type['launchSecurity'], domain['launchSecurity']),
    ...clash('domain.devices.gpus', some(type, 'gpus'), some(domain, 'devices', 'gpus')),
    ...clash('domain.devices.hostDevices', some(type, 'hostDevices'), some(domain, 'devices', 'hostDevices')),
  ].map((path) => `spec.template.spec.${path}`)
  const annotations = objectAt(template, 'metadata', 'annotations') ?? {}
  const clashing = Object.entries(objectAt(type, 'annotations') ?? {})
    .filter(([key, value]) => Object.hasOwn(annotations, key) && annotations[key] !== value)
    .map(([key]) => `annotations.${key}`)
  return [...paths, ...clashing]
}

function some(object: unknown, ...path: readonly string[]): unknown {
  return objectsAt(object, ...path).length > 0 ? true : undefined
}

function clash(path: string, ofType: unknown, ofMachine: unknown): string[] {
  const given = (value: unknown) => value !== undefined && value !== null && value !== ''
  return given(ofType) && given(ofMachine) ? [path] : []
}

/** Fields of a type's CPU and what they are called in a machine. */
const cpuFields = [
  ['model', 'model'],
  ['dedicatedCPUPlacement', 'dedicatedCpuPlacement'],
  ['isolateEmulatorThread', 'isolateEmulatorThread'],
  ['numa', 'numa'],
  ['realtime', 'realtime'],
] as const

function cpuConflicts(domain: JsonObject, type: JsonObject | undefined): string[] {
  const cpu = objectAt(domain, 'cpu') ?? {}
  const amounts = (['requests', 'limits'] as const).flatMap((kind) =>
    valueAt(domain, 'resources', kind, 'cpu') === undefined ? [] : [`domain.resources.${kind}.cpu`],
  )
  const topology = ['sockets', 'cores', 'threads'].filter((part) => cpu[part])
  const alike = cpuFields.filter(([ofType, own]) => valueAt(type, ofType) !== undefined && cpu[own])
  return [...amounts, ...[...topology, ...alike.map(([ofType]) => ofType)].map((name) => `domain.cpu.${name}`)]
}

/** Only the first is told. */
function memoryConflicts(domain: JsonObject, type: JsonObject | undefined): string[] {
  const own = (name: string) => valueAt(domain, 'memory', name) !== undefined
  const both = (name: string) => own(name) && valueAt(type, name) !== undefined
  const given = [
    ...(own('guest') ? ['domain.memory.guest'] : []),
    ...(both('hugepages') ? ['domain.memory.hugepages'] : []),
    ...(both('maxGuest') ? ['domain.memory.maxGuest'] : []),
    ...(['requests', 'limits'] as const).flatMap((kind) =>
      valueAt(domain, 'resources', kind, 'memory') === undefined ? [] : [`domain.resources.${kind}.memory`],
    ),
  ]
  return given.slice(0, 1)
}

function applyType(template: JsonObject, type: JsonObject, preference: JsonObject | undefined): void {
  const machine = childOf(template, 'spec')
  const domain = childOf(machine, 'domain')
  copy(machine, 'nodeSelector', objectAt(type, 'nodeSelector'))
  copy(machine, 'schedulerName', textAt(type, 'schedulerName') || undefined)
  const cpu = childOf(domain, 'cpu')
  for (const [ofType, own] of cpuFields) copy(cpu, own, valueAt(type, 'cpu', ofType))
  copy(cpu, 'maxSockets', valueAt(type, 'cpu', 'maxSockets'))
  Object.assign(cpu, layOutCpus(numberAt(type, 'cpu', 'guest') ?? 1, preference))
  applyMemory(domain, objectAt(type, 'memory'))
  const threads = valueAt(type, 'ioThreads', 'supplementalPoolThreadCount')
  if (threads !== undefined) childOf(domain, 'ioThreads')['supplementalPoolThreadCount'] = threads
  for (const field of ['ioThreadsPolicy', 'launchSecurity']) copy(domain, field, valueAt(type, field))
  for (const field of ['gpus', 'hostDevices']) {
    if (some(type, field)) copy(childOf(domain, 'devices'), field, type[field])
  }
  const annotations = objectAt(type, 'annotations')
  if (annotations) Object.assign(childOf(childOf(template, 'metadata'), 'annotations'), annotations)
}

function copy(target: JsonObject, field: string, value: unknown): void {
  if (value !== undefined) target[field] = structuredClone(value)
}

function applyMemory(domain: JsonObject, type: JsonObject | undefined): void {
  const memory = childOf(domain, 'memory')
  for (const field of ['guest', 'hugepages', 'maxGuest']) copy(memory, field, valueAt(type, field))
  const percent = numberAt(type, 'overcommitPercent') ?? 0
  const guest = quantityBytes(textAt(type, 'guest'))
  if (percent <= 0 || guest === undefined) return
  // KubeVirt counts in single precision; the same bytes come out here.
  const share = Math.fround(1 - Math.fround(Math.fround(percent) / 100))
  const bytes = Math.trunc(Math.fround(Math.fround(guest) * share))
  childOf(childOf(domain, 'resources'), 'requests')['memory'] = formatBytesQuantity(bytes)
}
