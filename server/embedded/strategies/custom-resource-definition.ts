import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import {
  conditionsOf,
  definitionErrors,
  definitionUpdateErrors,
  isProtectedGroup,
  namesOf,
  specOf,
  versionsOf,
} from './definition-errors'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Keeps a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

function prepare(object: ApiObject): void {
  const spec = specOf(object)
  const names = namesOf(object)
  const kind = String(names['kind'] ?? '')
  object['spec'] = {
    ...spec,
    names: {
      ...names,
      singular: names['singular'] || kind.toLowerCase(),
      listKind: names['listKind'] || (kind === '' ? '' : `${kind}List`),
    },
    conversion: spec['conversion'] ?? { strategy: 'None' },
  }
}

/** Sets a condition; its time changes with its status alone. */
export function setCondition(object: ApiObject, condition: JsonObject & { type: string }, now: unknown): void {
  const status = isJsonObject(object['status']) ? object['status'] : {}
  const conditions = conditionsOf(object)
  const before = conditions.find(({ type }) => type === condition.type)
  const same = before?.['status'] === condition['status']
  const next = { ...condition, lastTransitionTime: same ? before?.['lastTransitionTime'] : now }
  object['status'] = {
    ...status,
    conditions: before ? conditions.map((each) => (each === before ? next : each)) : [...conditions, next],
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
    conditions: status['conditions'] ?? [],
    acceptedNames: namesOf(object),
    storedVersions: typeof storage === 'string' ? [...new Set([...stored, storage])] : stored,
  }
  acceptNames(object, since)
  approve(object, since)
}

/** Says that a definition's names are its own and that it is served. */
function acceptNames(object: ApiObject, now: unknown): void {
  const accepted = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
  const message = 'the initial names have been accepted'
  setCondition(object, accepted, now)
  setCondition(object, { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message }, now)
}

const approval = 'api-approved.kubernetes.io'

/** Kubernetes' own groups carry a note of who approved them. */
function approve(object: ApiObject, now: unknown): void {
  const value = object.metadata.annotations?.[approval]
  if (!isProtectedGroup(specOf(object)['group']) || value === undefined) return
  const unapproved = value.startsWith('unapproved')
  setCondition(
    object,
    {
      type: 'KubernetesAPIApprovalPolicyConformant',
      status: unapproved ? 'False' : 'True',
      reason: unapproved ? 'UnapprovedAnnotation' : 'ApprovedAnnotation',
      message: unapproved ? `not approved: ${JSON.stringify(value)}` : `approved in ${value}`,
    },
    now,
  )
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
  validateUpdate: definitionUpdateErrors,
  beginDelete(object) {
    setCondition(
      object,
      {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
      object.metadata.deletionTimestamp,
    )
  },
}
