import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { ReadObject } from '../strategies/strategy'
import { Causes } from './causes'
import { childOf, fieldsSet, numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const matchers = [
  { field: 'instancetype', name: 'InstancetypeMatcher' },
  { field: 'preference', name: 'PreferenceMatcher' },
] as const

/** What is wrong with how a machine names its instance type and preference. */
export function matcherCauses(spec: JsonObject, old: JsonObject | undefined): readonly StatusCause[] {
  for (const { field } of matchers) {
    const problem = updateProblem(objectAt(spec, field), objectAt(old, field))
    const at = `spec.${field}.revisionName`
    if (problem !== undefined) return [{ reason: 'FieldValueInvalid', message: problem, field: at }]
  }
  for (const { field, name } of matchers) {
    const matcher = objectAt(spec, field)
    const causes = new Causes()
    if (matcher) checkMatcher(`spec.${field}`, { name, matcher, causes })
    if (causes.any) return causes.list
  }
  return []
}

function updateProblem(next: JsonObject | undefined, before: JsonObject | undefined): string | undefined {
  const revision = textAt(next, 'revisionName')
  if (!next || !before || revision === '' || jsonEqual(next, before)) return undefined
  if (next['name'] === before['name'] || textAt(before, 'revisionName') !== revision) return undefined
  return 'the Matcher Name has been updated without updating the RevisionName'
}

function checkMatcher(at: string, check: { name: string; matcher: JsonObject; causes: Causes }): void {
  const { name, matcher, causes } = check
  const inferred = textAt(matcher, 'inferFromVolume') !== ''
  if (textAt(matcher, 'name') === '' && !inferred) {
    causes.notFound(at, `Either Name or InferFromVolume should be provided within the ${name}`)
  }
  if (inferred) {
    for (const field of ['name', 'kind'] as const) {
      if (textAt(matcher, field) === '') continue
      const label = field === 'name' ? 'Name' : 'Kind'
      causes.notSupported(`${at}.${field}`, `${label} already set, should be cleared before setting inferFromVolume`)
    }
  }
  const policy = valueAt(matcher, 'inferFromVolumeFailurePolicy')
  if (policy === undefined || policy === 'Ignore' || policy === 'Reject') return
  causes.invalid(
    `${at}.inferFromVolumeFailurePolicy`,
    `Invalid value '${String(policy)}' for InferFromVolumeFailurePolicy`,
  )
}

const group = 'instancetype.kubevirt.io'

/** The specs that a machine's matchers name; what is not there is no fault. */
export function findTypeAndPreference(
  spec: JsonObject,
  namespace: string,
  read: ReadObject,
): { type: JsonObject | undefined; preference: JsonObject | undefined } {
  const find = (field: 'instancetype' | 'preference', plurals: { cluster: string; namespaced: string }) => {
    const matcher = objectAt(spec, field)
    const name = textAt(matcher, 'name')
    if (name === '') return undefined
    const inNamespace = [plurals.namespaced, plurals.namespaced.replace(/s$/, '')].includes(
      textAt(matcher, 'kind').toLowerCase(),
    )
    const plural = inNamespace ? plurals.namespaced : plurals.cluster
    const found = read({ resource: `${plural}.${group}`, namespace: inNamespace ? namespace : '', name })
    return objectAt(found, 'spec')
  }
  return {
    type: find('instancetype', {
      cluster: 'virtualmachineclusterinstancetypes',
      namespaced: 'virtualmachineinstancetypes',
    }),
    preference: find('preference', {
      cluster: 'virtualmachineclusterpreferences',
      namespaced: 'virtualmachinepreferences',
    }),
  }
}

/** What a template says although its instance type does. */
export function typeConflicts(template: JsonObject, type: JsonObject): StatusCause[] {
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
  return [...paths, ...clashing].map((field) => ({
    reason: 'FieldValueInvalid',
    message: `VM field(s) ${field} conflicts with selected instance type`,
    field,
  }))
}

function some(object: unknown, ...path: readonly string[]): unknown {
  return objectsAt(object, ...path).length > 0 ? true : undefined
}

function clash(path: string, ofType: unknown, ofMachine: unknown): string[] {
  const given = (value: unknown) => value !== undefined && value !== null && value !== ''
  return given(ofType) && given(ofMachine) ? [path] : []
}

function cpuConflicts(domain: JsonObject, type: JsonObject | undefined): string[] {
  const cpu = objectAt(domain, 'cpu') ?? {}
  const amounts = (['requests', 'limits'] as const).flatMap((kind) =>
    valueAt(domain, 'resources', kind, 'cpu') === undefined ? [] : [`domain.resources.${kind}.cpu`],
  )
  const topology = ['sockets', 'cores', 'threads'].filter((part) => cpu[part])
  const alike = ['model', 'dedicatedCpuPlacement', 'isolateEmulatorThread', 'numa', 'realtime'].filter((name) => {
    const ofType = name === 'dedicatedCpuPlacement' ? (type?.[name] ?? type?.['dedicatedCPUPlacement']) : type?.[name]
    return ofType !== undefined && ofType !== null && cpu[name]
  })
  const named = alike.map((name) => (name === 'dedicatedCpuPlacement' ? 'dedicatedCPUPlacement' : name))
  return [...amounts, ...[...topology, ...named].map((name) => `domain.cpu.${name}`)]
}

/** Only the first is told. */
function memoryConflicts(domain: JsonObject, type: JsonObject | undefined): string[] {
  const memory = objectAt(domain, 'memory') ?? {}
  const both = (name: string) => fieldsSet(memory, [name]).length > 0 && type?.[name] !== undefined
  const given = [
    ...(fieldsSet(memory, ['guest']).length > 0 ? ['domain.memory.guest'] : []),
    ...(both('hugepages') ? ['domain.memory.hugepages'] : []),
    ...(both('maxGuest') ? ['domain.memory.maxGuest'] : []),
    ...(['requests', 'limits'] as const).flatMap((kind) =>
      valueAt(domain, 'resources', kind, 'memory') === undefined ? [] : [`domain.resources.${kind}.memory`],
    ),
  ]
  return given.slice(0, 1)
}

/** Gives a copy of a template what its instance type sets, as far as rules look at it. */
export function applyType(machine: JsonObject, type: JsonObject): void {
  const domain = childOf(machine, 'domain')
  const cpu = childOf(domain, 'cpu')
  Object.assign(cpu, { sockets: numberAt(type, 'cpu', 'guest') ?? 1, cores: 1, threads: 1 })
  if (type['cpu'] !== undefined && isJsonObject(type['cpu'])) {
    for (const name of ['model', 'dedicatedCPUPlacement', 'isolateEmulatorThread', 'numa', 'realtime', 'maxSockets']) {
      const value = type['cpu'][name]
      if (value !== undefined) cpu[name === 'dedicatedCPUPlacement' ? 'dedicatedCpuPlacement' : name] = value
    }
  }
  const memory = childOf(domain, 'memory')
  for (const name of ['guest', 'hugepages', 'maxGuest']) {
    const value = valueAt(type, 'memory', name)
    if (value !== undefined) memory[name] = value
  }
}

/** What a preference sets in the machine itself, before its instance is made. */
export function applyPreference(spec: JsonObject, preference: JsonObject | undefined): void {
  const machine = objectAt(spec, 'template', 'spec')
  if (!preference || !machine) return
  const architecture = textAt(preference, 'preferredArchitecture')
  if (architecture !== '') machine['architecture'] ||= architecture
  const type = textAt(preference, 'machine', 'preferredMachineType')
  if (type !== '') childOf(childOf(machine, 'domain'), 'machine')['type'] ||= type
  const storageClass = textAt(preference, 'volumes', 'preferredStorageClassName')
  if (storageClass === '') return
  for (const template of objectsAt(spec, 'dataVolumeTemplates')) {
    for (const kind of ['pvc', 'storage']) {
      const claim = objectAt(template, 'spec', kind)
      if (claim) claim['storageClassName'] ??= storageClass
    }
  }
}
