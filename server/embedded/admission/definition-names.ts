import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { setCondition } from '../strategies/custom-resource-definition'
import { namesOf, specOf } from '../strategies/definition-errors'
import type { AdmissionPlugin } from './admission'

const definitions = 'customresourcedefinitions.apiextensions.k8s.io'

/** The names that a definition has been given, which nobody else in its group may have. */
function acceptedNames(object: ApiObject): JsonObject {
  const status = object['status']
  return isJsonObject(status) && isJsonObject(status['acceptedNames']) ? status['acceptedNames'] : {}
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' && value !== '' ? [value] : []
}

interface Conflict {
  reason: string
  message: string
}

/** The first of a definition's names that another one of its group has. */
function conflictOf(object: ApiObject, others: readonly ApiObject[]): Conflict | undefined {
  const taken = others.map(acceptedNames)
  const resources = new Set(
    taken.flatMap(({ plural, singular, shortNames }) => [plural, singular, shortNames].flatMap(strings)),
  )
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind].flatMap(strings)))
  const names = namesOf(object)
  for (const [reason, values, used] of [
    ['PluralConflict', names['plural'], resources],
    ['SingularConflict', names['singular'], resources],
    ['ShortNamesConflict', names['shortNames'], resources],
    ['KindConflict', names['kind'], kinds],
    ['ListKindConflict', names['listKind'], kinds],
  ] as const) {
    const found = strings(values).find((value) => used.has(value))
    if (found !== undefined) return { reason, message: `${JSON.stringify(found)} is already in use` }
  }
  return undefined
}

/**
 * Keeps two definitions of a group from having the same names: the later one is stored, says why in its conditions and
 * is not served.
 */
export const definitionNames: AdmissionPlugin = {
  name: 'DefinitionNames',
  resources: [definitions],
  mutate({ object, old, subresource, list }) {
    if (!object || subresource !== '') return
    const { group } = specOf(object)
    const others = list(definitions).filter(
      (other) => other.metadata.name !== object.metadata.name && specOf(other)['group'] === group,
    )
    const conflict = conflictOf(object, others)
    if (!conflict) return
    const now = object.metadata.creationTimestamp
    setCondition(object, { type: 'NamesAccepted', status: 'False', ...conflict }, now)
    const established = old !== undefined && strings(acceptedNames(old)['plural']).length > 0
    const status: JsonObject = isJsonObject(object['status']) ? object['status'] : {}
    // Names that were given stay given.
    object['status'] = { ...status, acceptedNames: established ? acceptedNames(old) : { plural: '', kind: '' } }
    if (established) return
    const message = 'not all names are accepted'
    setCondition(object, { type: 'Established', status: 'False', reason: 'NotAccepted', message }, now)
  },
}
