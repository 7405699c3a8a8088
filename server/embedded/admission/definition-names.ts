import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type LogEntry, parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { newest, RowMemory } from '../storage/row-memory'
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
function conflictOf(object: ApiObject, taken: readonly JsonObject[]): Conflict | undefined {
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

/** The names that a stored definition has been given, and its group. */
function namesGiven({ body }: LogEntry): { group: unknown; accepted: JsonObject } {
  // Stored bodies are objects with metadata: only this server writes them.
  const object = parseObject(body) as ApiObject
  return { group: specOf(object)['group'], accepted: acceptedNames(object) }
}

/**
 * Keeps two definitions of a group from having the same names: the later one is stored, says why in its conditions and
 * is not served.
 */
export function definitionNames(store: ObjectStore): AdmissionPlugin {
  const given = new RowMemory(store, namesGiven)
  /** Those of a group, but for one definition's own. */
  const givenToOthers = (group: unknown, name: string): JsonObject[] =>
    store
      .snapshot({ resource: definitions, revision: newest })
      .filter((pointer) => pointer.name !== name)
      .flatMap(({ revision }) => given.of(revision) ?? [])
      .filter((known) => known.group === group)
      .map(({ accepted }) => accepted)
  return {
    name: 'DefinitionNames',
    resources: [definitions],
    mutate({ object, old, subresource }) {
      if (!object || subresource !== '') return
      const conflict = conflictOf(object, givenToOthers(specOf(object)['group'], object.metadata.name))
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
}
