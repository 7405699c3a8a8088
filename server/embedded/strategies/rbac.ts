import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { rbacGroup } from '@/contract/kinds/rbac'
import type { ApiObject } from '../api-object'
import { subdomain, subdomainWhy } from '../errors/name-words'
import { badRequest, type FieldError, invalidValue, requiredValue, unsupportedValue } from '../errors/status-error'
import { pathNameErrors } from '../write/metadata-rules'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Roles and their bindings, in the words of Kubernetes' own validation. */

const ruleFields = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const

function texts(object: JsonObject, field: string): string[] {
  const value = object[field]
  // Types were checked before.
  return Array.isArray(value) ? (value as string[]) : []
}

function text(object: JsonObject, field: string): string {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}

/** Refuses what Kubernetes' decoder does not take for a list of objects with the given lists of strings. */
function objectsOf(object: ApiObject, field: string, lists: readonly string[]): JsonObject[] {
  const value = object[field]
  if (value === undefined || value === null) return []
  const complain = (path: string, type: string) =>
    badRequest(
      `${object.kind} in version "v1" cannot be handled as a ${object.kind}: json: cannot unmarshal into Go struct field ${object.kind}.${path} of type ${type}`,
    )
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw complain(field, `[]v1.${field}`)
  for (const entry of value) {
    for (const list of lists) {
      const found = entry[list]
      if (found === undefined || found === null) continue
      if (!Array.isArray(found) || !found.every((member) => typeof member === 'string')) {
        throw complain(`${field}.${list}`, '[]string')
      }
    }
  }
  return value
}

function ruleErrors(object: ApiObject, namespaced: boolean): FieldError[] {
  return objectsOf(object, 'rules', ruleFields).flatMap((rule, index) =>
    oneRuleErrors(rule, `rules[${index}]`, namespaced),
  )
}

function oneRuleErrors(rule: JsonObject, field: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  const has = (name: string) => texts(rule, name).length > 0
  if (!has('verbs')) errors.push(requiredValue(`${field}.verbs`, 'verbs must contain at least one value'))
  if (has('nonResourceURLs')) {
    const paths = texts(rule, 'nonResourceURLs')
    const complain = (why: string) => errors.push(invalidValue(`${field}.nonResourceURLs`, paths, why))
    if (namespaced) complain('namespaced rules cannot apply to non-resource URLs')
    if (has('apiGroups') || has('resources') || has('resourceNames')) {
      complain('rules cannot apply to both regular resources and non-resource URLs')
    }
    return errors
  }
  if (!has('apiGroups')) {
    errors.push(requiredValue(`${field}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (!has('resources')) {
    errors.push(requiredValue(`${field}.resources`, 'resource rules must supply at least one resource'))
  }
  return errors
}

function roleRefErrors(object: ApiObject, kinds: readonly string[]): FieldError[] {
  const ref = isJsonObject(object['roleRef']) ? object['roleRef'] : {}
  const errors: FieldError[] = []
  const name = text(ref, 'name')
  if (text(ref, 'apiGroup') !== rbacGroup)
    errors.push(unsupportedValue('roleRef.apiGroup', text(ref, 'apiGroup'), [rbacGroup]))
  if (!kinds.includes(text(ref, 'kind'))) errors.push(unsupportedValue('roleRef.kind', text(ref, 'kind'), kinds))
  return [...errors, ...(name === '' ? [requiredValue('roleRef.name')] : pathNameErrors('roleRef.name', name))]
}

function subjectErrors(subject: JsonObject, field: string, namespaced: boolean): FieldError[] {
  const [kind, name, group] = [text(subject, 'kind'), text(subject, 'name'), text(subject, 'apiGroup')]
  const errors: FieldError[] = name === '' ? [requiredValue(`${field}.name`)] : []
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '' && !subdomain.test(name)) errors.push(invalidValue(`${field}.name`, name, subdomainWhy))
      if (group !== '') errors.push(unsupportedValue(`${field}.apiGroup`, group, ['']))
      if (!namespaced && text(subject, 'namespace') === '') errors.push(requiredValue(`${field}.namespace`))
      return errors
    case 'User':
    case 'Group':
      if (name === '') errors.push(invalidValue(`${field}.name`, name, `${kind.toLowerCase()} name cannot be empty`))
      if (group !== rbacGroup) errors.push(unsupportedValue(`${field}.apiGroup`, group, [rbacGroup]))
      return errors
    default:
      return [...errors, unsupportedValue(`${field}.kind`, kind, ['Group', 'ServiceAccount', 'User'])]
  }
}

/** What v1 fills in: the group of users, groups and roles. */
function completeBinding(object: ApiObject): void {
  const ref = object['roleRef']
  if (isJsonObject(ref) && text(ref, 'apiGroup') === '') ref['apiGroup'] = rbacGroup
  for (const subject of objectsOf(object, 'subjects', [])) {
    const kind = text(subject, 'kind')
    if ((kind === 'User' || kind === 'Group') && text(subject, 'apiGroup') === '') subject['apiGroup'] = rbacGroup
  }
}

function bindingStrategy(namespaced: boolean): ResourceStrategy {
  return {
    ...plainStrategy,
    pathName: true,
    createOnUpdate: true,
    prepareForCreate: completeBinding,
    prepareForUpdate: completeBinding,
    validate: (object) => [
      ...roleRefErrors(object, namespaced ? ['ClusterRole', 'Role'] : ['ClusterRole']),
      ...objectsOf(object, 'subjects', []).flatMap((subject, index) =>
        subjectErrors(subject, `subjects[${index}]`, namespaced),
      ),
    ],
    validateUpdate: (object, old) =>
      jsonEqual(object['roleRef'], old['roleRef'])
        ? []
        : [invalidValue('roleRef', object['roleRef'], 'cannot change roleRef')],
  }
}

export const roleStrategy: ResourceStrategy = {
  ...plainStrategy,
  pathName: true,
  createOnUpdate: true,
  validate: (object) => ruleErrors(object, true),
}

export const clusterRoleStrategy: ResourceStrategy = {
  ...plainStrategy,
  pathName: true,
  createOnUpdate: true,
  validate: (object) => [...ruleErrors(object, false), ...aggregationErrors(object)],
}

const operators = ['DoesNotExist', 'Exists', 'In', 'NotIn']

function aggregationErrors(object: ApiObject): FieldError[] {
  const rule = object['aggregationRule']
  if (rule === undefined || rule === null) return []
  const selectors = isJsonObject(rule) ? rule['clusterRoleSelectors'] : undefined
  if (!Array.isArray(selectors) || selectors.length === 0) {
    return [
      requiredValue(
        'aggregationRule.clusterRoleSelectors',
        'at least one clusterRoleSelector required if aggregationRule is non-nil',
      ),
    ]
  }
  return selectors.flatMap((selector: unknown, index) => {
    const field = `aggregationRule.clusterRoleSelectors[${index}]`
    const expressions = isJsonObject(selector) ? selector['matchExpressions'] : undefined
    return (Array.isArray(expressions) ? expressions : []).flatMap((expression: unknown, place): FieldError[] => {
      const operator = isJsonObject(expression) ? text(expression, 'operator') : ''
      return operators.includes(operator)
        ? []
        : [invalidValue(`${field}.matchExpressions[${place}].operator`, operator, 'not a valid selector operator')]
    })
  })
}

export const roleBindingStrategy = bindingStrategy(true)
export const clusterRoleBindingStrategy = bindingStrategy(false)
