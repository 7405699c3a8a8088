import { isJsonObject, type JsonObject, jsonEqual, objectsOf, part } from '@/contract/json'
import type { ValidatingAdmissionPolicy } from '@/contract/kinds/policy'
import type { ApiObject } from '../api-object'
import { duplicateValue, type FieldError, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'
import { compilePolicy } from '../policy/compile-policy'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** ValidatingAdmissionPolicies and their bindings. */

function completeMatch(match: unknown): unknown {
  if (!isJsonObject(match)) return match
  const rules = (value: unknown) => objectsOf(value).map((rule) => ({ scope: '*', ...rule }))
  return {
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    ...match,
    ...(Array.isArray(match['resourceRules']) ? { resourceRules: rules(match['resourceRules']) } : {}),
    ...(Array.isArray(match['excludeResourceRules'])
      ? { excludeResourceRules: rules(match['excludeResourceRules']) }
      : {}),
  }
}

function complete(object: ApiObject, field: 'matchConstraints' | 'matchResources'): void {
  const spec = object['spec']
  if (!isJsonObject(spec)) return
  object['spec'] = {
    ...(field === 'matchConstraints' ? { failurePolicy: 'Fail' } : {}),
    ...spec,
    ...(spec[field] === undefined ? {} : { [field]: completeMatch(spec[field]) }),
  }
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const scopes = ['*', 'Cluster', 'Namespaced']

function matchErrors(match: JsonObject, field: string): FieldError[] {
  const errors = ['resourceRules', 'excludeResourceRules'].flatMap((list) =>
    objectsOf(match[list]).flatMap((rule, index) => ruleErrors(rule, `${field}.${list}[${index}]`)),
  )
  const { matchPolicy } = match
  if (matchPolicy !== undefined && matchPolicy !== 'Exact' && matchPolicy !== 'Equivalent') {
    errors.push(unsupportedValue(`${field}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']))
  }
  return errors
}

function ruleErrors(rule: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['operations', 'apiGroups', 'apiVersions', 'resources']) {
    const value = rule[list]
    if (!Array.isArray(value) || value.length === 0) errors.push(requiredValue(`${field}.${list}`))
  }
  const named = Array.isArray(rule['operations']) ? rule['operations'] : []
  for (const [index, operation] of named.entries()) {
    if (operations.includes(String(operation))) continue
    errors.push(unsupportedValue(`${field}.operations[${index}]`, operation, operations))
  }
  if (!scopes.includes(String(rule['scope']))) errors.push(unsupportedValue(`${field}.scope`, rule['scope'], scopes))
  return errors
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']

function policyErrors(object: ApiObject): FieldError[] {
  const spec = part(object, 'spec')
  const errors: FieldError[] = []
  const validations = objectsOf(spec['validations'])
  if (validations.length === 0 && objectsOf(spec['auditAnnotations']).length === 0) {
    const why = 'validations or auditAnnotations must be contained'
    errors.push(requiredValue('spec.validations', why), requiredValue('spec.auditAnnotations', why))
  }
  if (spec['failurePolicy'] !== 'Fail' && spec['failurePolicy'] !== 'Ignore') {
    errors.push(unsupportedValue('spec.failurePolicy', spec['failurePolicy'], ['Fail', 'Ignore']))
  }
  errors.push(...constraintErrors(spec), ...nameErrors(spec), ...paramKindErrors(spec))
  for (const [index, { reason, expression }] of validations.entries()) {
    const field = `spec.validations[${index}]`
    if (typeof expression !== 'string' || expression.trim() === '') {
      errors.push(requiredValue(`${field}.expression`, 'expression is not specified'))
    }
    if (reason !== undefined && !reasons.includes(String(reason))) {
      errors.push(unsupportedValue(`${field}.reason`, reason, reasons))
    }
  }
  return errors.length > 0 ? errors : expressionErrors(object)
}

function constraintErrors(spec: JsonObject): FieldError[] {
  const match = spec['matchConstraints']
  if (!isJsonObject(match)) return [requiredValue('spec.matchConstraints')]
  if (objectsOf(match['resourceRules']).length === 0) return [requiredValue('spec.matchConstraints.resourceRules')]
  return matchErrors(match, 'spec.matchConstraints')
}

function nameErrors(spec: JsonObject): FieldError[] {
  return ['variables', 'matchConditions'].flatMap((list) => {
    const seen = new Set<unknown>()
    return objectsOf(spec[list]).flatMap(({ name, expression }, index): FieldError[] => {
      const field = `spec.${list}[${index}]`
      const errors: FieldError[] = []
      if (typeof name !== 'string' || name === '') errors.push(requiredValue(`${field}.name`, 'name is not specified'))
      else if (list === 'variables' && !/^[A-Za-z_]\w*$/.test(name)) {
        errors.push(invalidValue(`${field}.name`, name, 'name is not a valid CEL identifier'))
      }
      if (typeof expression !== 'string' || expression.trim() === '') {
        errors.push(requiredValue(`${field}.expression`, 'expression is not specified'))
      }
      if (seen.has(name)) {
        errors.push(duplicateValue(`${field}.name`, name))
      }
      seen.add(name)
      return errors
    })
  })
}

function paramKindErrors(spec: JsonObject): FieldError[] {
  const { paramKind } = spec
  if (paramKind === undefined || paramKind === null) return []
  return ['apiVersion', 'kind']
    .filter((field) => !part(spec, 'paramKind')[field])
    .map((field) => requiredValue(`spec.paramKind.${field}`))
}

function expressionErrors(object: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  // Its fields were checked above.
  compilePolicy(object as unknown as ValidatingAdmissionPolicy, ({ field, source, why }) => {
    errors.push(invalidValue(field, source, why))
  })
  return errors
}

export const validatingAdmissionPolicyStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate(object) {
    complete(object, 'matchConstraints')
    // Expressions are checked in the very write that brings them.
    object['status'] = { observedGeneration: 1, typeChecking: {} }
  },
  prepareForUpdate(object, old) {
    complete(object, 'matchConstraints')
    if (jsonEqual(object['spec'], old['spec'])) return
    object['status'] = { ...part(object, 'status'), observedGeneration: (old.metadata.generation ?? 0) + 1 }
  },
  validate: policyErrors,
}

const actions = ['Audit', 'Deny', 'Warn']

function bindingErrors(object: ApiObject): FieldError[] {
  const spec = part(object, 'spec')
  const errors: FieldError[] = []
  if (!spec['policyName']) errors.push(requiredValue('spec.policyName'))
  errors.push(...paramRefErrors(spec), ...actionErrors(spec))
  if (isJsonObject(spec['matchResources'])) errors.push(...matchErrors(spec['matchResources'], 'spec.matchResources'))
  return errors
}

function actionErrors(spec: JsonObject): FieldError[] {
  const field = 'spec.validationActions'
  const given = Array.isArray(spec['validationActions']) ? spec['validationActions'].map(String) : []
  if (given.length === 0) return [requiredValue(field)]
  const errors = given.flatMap((action, index): FieldError[] =>
    actions.includes(action) ? [] : [unsupportedValue(`${field}[${index}]`, action, actions)],
  )
  if (given.includes('Deny') && given.includes('Warn')) {
    errors.push(
      invalidValue(
        field,
        given,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  }
  return errors
}

function paramRefErrors(spec: JsonObject): FieldError[] {
  const field = 'spec.paramRef'
  if (!isJsonObject(spec['paramRef'])) return []
  const { name, selector, parameterNotFoundAction: action } = part(spec, 'paramRef')
  const errors: FieldError[] = []
  if (name && selector) {
    errors.push(
      {
        reason: 'FieldValueForbidden',
        field: `${field}.name`,
        detail: 'Forbidden: name and selector are mutually exclusive',
      },
      {
        reason: 'FieldValueForbidden',
        field: `${field}.selector`,
        detail: 'Forbidden: name and selector are mutually exclusive',
      },
    )
  }
  if (!name && !selector) errors.push(requiredValue(field, 'one of name or selector must be specified'))
  if (action === undefined || action === '') errors.push(requiredValue(`${field}.parameterNotFoundAction`))
  else if (action !== 'Allow' && action !== 'Deny') {
    errors.push(unsupportedValue(`${field}.parameterNotFoundAction`, action, ['Deny', 'Allow']))
  }
  return errors
}

export const validatingAdmissionPolicyBindingStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate: (object) => complete(object, 'matchResources'),
  prepareForUpdate: (object) => complete(object, 'matchResources'),
  validate: bindingErrors,
}
