import { isJsonObject, type JsonObject } from '@/contract/json'
import { JsonPathError, parseJsonPath } from '@/contract/json-path'
import type { ApiObject } from '../api-object'
import { type FieldError, invalidValue, requiredValue } from '../errors/status-error'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Keeps a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

function specOf(object: ApiObject): JsonObject {
  const spec = object['spec']
  return isJsonObject(spec) ? spec : {}
}

function versionsOf(object: ApiObject): JsonObject[] {
  const versions = specOf(object)['versions']
  return Array.isArray(versions) ? versions.filter(isJsonObject) : []
}

function prepare(object: ApiObject): void {
  const spec = specOf(object)
  const names = isJsonObject(spec['names']) ? spec['names'] : {}
  const kind = String(names['kind'] ?? '')
  object['spec'] = {
    ...spec,
    names: { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
    conversion: spec['conversion'] ?? { strategy: 'None' },
  }
}

/** The server serves a definition in the very write that brings it, and says so in it. */
function establish(object: ApiObject): void {
  const status = isJsonObject(object['status']) ? object['status'] : {}
  const stored = Array.isArray(status['storedVersions']) ? status['storedVersions'].map(String) : []
  const storage = versionsOf(object).find((version) => version['storage'] === true)?.['name']
  const since = object.metadata.creationTimestamp
  object['status'] = {
    ...status,
    conditions: status['conditions'] ?? [
      {
        type: 'NamesAccepted',
        status: 'True',
        lastTransitionTime: since,
        reason: 'NoConflicts',
        message: 'no conflicts found',
      },
      {
        type: 'Established',
        status: 'True',
        lastTransitionTime: since,
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ],
    acceptedNames: specOf(object)['names'],
    storedVersions: typeof storage === 'string' ? [...new Set([...stored, storage])] : stored,
  }
}

function definitionErrors(object: ApiObject): FieldError[] {
  const spec = specOf(object)
  const names = isJsonObject(spec['names']) ? spec['names'] : {}
  const errors: FieldError[] = []
  for (const [field, value] of [
    ['spec.group', spec['group']],
    ['spec.names.plural', names['plural']],
    ['spec.names.kind', names['kind']],
  ] as const) {
    if (typeof value !== 'string' || value === '') errors.push(requiredValue(field))
  }
  if (spec['scope'] !== 'Namespaced' && spec['scope'] !== 'Cluster') {
    errors.push({
      reason: 'FieldValueNotSupported',
      field: 'spec.scope',
      detail: `Unsupported value: ${JSON.stringify(spec['scope'] ?? '')}: supported values: "Cluster", "Namespaced"`,
    })
  }
  const expected = `${String(names['plural'])}.${String(spec['group'])}`
  if (errors.length === 0 && object.metadata.name !== expected) {
    errors.push(invalidValue('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`))
  }
  return [...errors, ...versionErrors(object)]
}

function versionErrors(object: ApiObject): FieldError[] {
  const versions = versionsOf(object)
  const errors: FieldError[] = []
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map((version) => version['name']),
        'must have exactly one version marked as storage version',
      ),
    )
  }
  for (const [index, version] of versions.entries()) {
    const field = `spec.versions[${index}]`
    if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(String(version['name'] ?? ''))) {
      errors.push(
        invalidValue(
          `${field}.name`,
          version['name'],
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-'",
        ),
      )
    }
    if (!isJsonObject(version['schema']) || !isJsonObject(version['schema']['openAPIV3Schema'])) {
      errors.push(requiredValue(`${field}.schema.openAPIV3Schema`, 'schemas are required'))
    }
    errors.push(...columnErrors(version['additionalPrinterColumns'], field))
  }
  return errors
}

function columnErrors(columns: unknown, field: string): FieldError[] {
  if (!Array.isArray(columns)) return []
  return columns.flatMap((column: unknown, index): FieldError[] => {
    const path = isJsonObject(column) ? column['jsonPath'] : undefined
    const at = `${field}.additionalPrinterColumns[${index}].jsonPath`
    if (typeof path !== 'string' || path === '') return [requiredValue(at)]
    try {
      parseJsonPath(path)
      return []
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error
      return [invalidValue(at, path, error.message)]
    }
  })
}

export const customResourceDefinitionStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate(object) {
    prepare(object)
    object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), cleanupFinalizer])]
    delete object['status']
    establish(object)
  },
  prepareForUpdate(object) {
    prepare(object)
    establish(object)
  },
  validate: definitionErrors,
  validateUpdate: (object, old) =>
    ['group', 'scope']
      .filter((field) => specOf(object)[field] !== specOf(old)[field])
      .map((field) => invalidValue(`spec.${field}`, specOf(object)[field], 'field is immutable')),
  beginDelete(object) {
    const status = isJsonObject(object['status']) ? object['status'] : {}
    const conditions = Array.isArray(status['conditions']) ? status['conditions'].filter(isJsonObject) : []
    object['status'] = {
      ...status,
      conditions: [
        ...conditions.filter((condition) => condition['type'] !== 'Terminating'),
        {
          type: 'Terminating',
          status: 'True',
          lastTransitionTime: object.metadata.deletionTimestamp,
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
      ],
    }
  },
}
