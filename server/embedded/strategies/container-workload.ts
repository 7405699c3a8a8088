import { isJsonObject, type JsonObject, jsonEqual, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Deployments and the like: checked for those who ask with a dry run. */

function templateOf(object: ApiObject): { template: JsonObject; field: string } {
  const spec = part(object, 'spec')
  return object.kind === 'CronJob'
    ? { template: part(part(part(spec, 'jobTemplate'), 'spec'), 'template'), field: 'spec.jobTemplate.spec.template' }
    : { template: part(spec, 'template'), field: 'spec.template' }
}

function containerErrors(template: JsonObject, field: string): FieldError[] {
  const containers = objectsOf(part(template, 'spec')['containers'])
  if (containers.length === 0) return [requiredValue(`${field}.spec.containers`)]
  return containers.flatMap((container, index) => {
    const at = `${field}.spec.containers[${index}]`
    const errors: FieldError[] = []
    if (!container['name']) errors.push(requiredValue(`${at}.name`))
    if (!container['image']) errors.push(requiredValue(`${at}.image`))
    return errors
  })
}

function selectorErrors(object: ApiObject, template: JsonObject, field: string): FieldError[] {
  if (object.kind === 'Job' || object.kind === 'CronJob') return []
  const { selector } = part(object, 'spec')
  if (!isJsonObject(selector)) return [requiredValue('spec.selector')]
  if (Object.keys(selector).length === 0) {
    return [invalidValue('spec.selector', selector, `empty selector is invalid for ${object.kind.toLowerCase()}`)]
  }
  const labels = part(part(template, 'metadata'), 'labels')
  const wanted = part(selector, 'matchLabels')
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
    ? []
    : [invalidValue(`${field}.metadata.labels`, labels, '`selector` does not match template `labels`')]
}

const batchPolicies = ['OnFailure', 'Never']

function policyErrors(object: ApiObject, template: JsonObject, field: string): FieldError[] {
  const isBatch = object.kind === 'Job' || object.kind === 'CronJob'
  const known = isBatch ? batchPolicies : ['Always']
  const policy = part(template, 'spec')['restartPolicy'] ?? (isBatch ? '' : 'Always')
  if (known.includes(String(policy))) return []
  if (policy === '') {
    const list = batchPolicies.map((name) => JSON.stringify(name)).join(', ')
    return [requiredValue(`${field}.spec.restartPolicy`, `valid values: ${list}`)]
  }
  return [unsupportedValue(`${field}.spec.restartPolicy`, policy, known)]
}

function prepare(object: ApiObject): void {
  const spec = part(object, 'spec')
  const counted = object.kind === 'Deployment' || object.kind === 'ReplicaSet' || object.kind === 'StatefulSet'
  object['spec'] = { ...(counted ? { replicas: 1 } : {}), ...spec }
  object['status'] = {}
}

export const containerWorkloadStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate: prepare,
  validate(object) {
    const { template, field } = templateOf(object)
    const errors = [
      ...selectorErrors(object, template, field),
      ...containerErrors(template, field),
      ...policyErrors(object, template, field),
    ]
    const { replicas } = part(object, 'spec')
    if (typeof replicas === 'number' && replicas < 0) {
      errors.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
    }
    if (object.kind === 'CronJob' && !part(object, 'spec')['schedule']) errors.push(requiredValue('spec.schedule'))
    return errors
  },
  validateUpdate: (object, old) =>
    jsonEqual(part(object, 'spec')['selector'], part(old, 'spec')['selector'])
      ? []
      : [invalidValue('spec.selector', part(object, 'spec')['selector'], 'field is immutable')],
}
