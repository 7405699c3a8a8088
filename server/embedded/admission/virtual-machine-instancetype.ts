import { applyInstanceType, conflictWords, type Sizing } from '@/contract/instance-type/apply-instance-type'
import { spreadProblem } from '@/contract/instance-type/cpu-topology'
import { instanceTypeGroup, matchedObject } from '@/contract/instance-type/matcher'
import { requirementProblem } from '@/contract/instance-type/requirements'
import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { ReadObject } from '../strategies/strategy'
import { Causes } from './causes'
import { childOf, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

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

/** The specs that a machine's matchers name; what is not there is no fault. */
export function findTypeAndPreference(spec: JsonObject, namespace: string, read: ReadObject): Sizing {
  const find = (field: 'instancetype' | 'preference') => {
    const matched = matchedObject(spec, field)
    if (matched === undefined || typeof matched === 'string') return undefined
    const { plural, namespaced, name } = matched
    const key = { resource: `${plural}.${instanceTypeGroup}`, namespace: namespaced ? namespace : '', name }
    return objectAt(read(key), 'spec')
  }
  return { type: find('instancetype'), preference: find('preference') }
}

/**
 * Works type and preference into a copy of a template, as its instance will have them: what the rules look at. Refused where
 * CPUs cannot be spread as wished, or the template says what its type decides.
 */
export function sizingCauses(template: JsonObject, sizing: Sizing): readonly StatusCause[] {
  const problem = spreadProblem(sizing.type, sizing.preference)
  if (problem !== undefined) {
    return [{ reason: 'FieldValueInvalid', message: problem, field: 'instancetype.spec.cpu.guest' }]
  }
  return applyInstanceType(template, sizing).map((field) => ({
    reason: 'FieldValueInvalid',
    message: conflictWords([field]),
    field,
  }))
}

/** What a preference requires that a machine, defaults included, does not have. */
export function requirementCauses(machine: JsonObject, { type, preference }: Sizing): readonly StatusCause[] {
  const problem = requirementProblem({ type, preference, machine })
  if (!problem) return []
  const message = `failure checking preference requirements: ${problem.message}`
  return [{ reason: 'FieldValueNotFound', message, field: problem.fields.join(', ') }]
}

/** What a preference sets in the machine itself, before its instance is made. */
export function storePreference(spec: JsonObject, preference: JsonObject | undefined): void {
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
