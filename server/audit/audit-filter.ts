import { type AuditEntry, type AuditQuery, auditOutcomes, auditTypes } from '@/contract/audit'

/** The query of an address cannot be understood; the message says why. */
export class BadAuditQuery extends Error {}

const maxValueLength = 512
const maxResources = 16

/** What an address asks for. Throws BadAuditQuery. */
export function readAuditQuery(search: URLSearchParams): AuditQuery {
  const text = (name: string) => {
    const value = search.get(name) ?? undefined
    if (value !== undefined && value.length > maxValueLength) throw new BadAuditQuery(`"${name}" is too long`)
    return value === '' && name !== 'group' ? undefined : value
  }
  const resources = search.getAll('resource').filter((resource) => resource !== '')
  if (resources.length > maxResources || resources.some((resource) => resource.length > maxValueLength)) {
    throw new BadAuditQuery('too many resources')
  }
  const query = {
    cluster: text('cluster'),
    from: momentOf(text('from'), 'from'),
    to: momentOf(text('to'), 'to'),
    person: text('person'),
    verb: text('verb'),
    type: oneOf(auditTypes, text('type'), 'type'),
    outcome: oneOf(auditOutcomes, text('outcome'), 'outcome'),
    group: text('group'),
    resources: resources.length === 0 ? undefined : resources,
    namespace: text('namespace'),
    name: text('name'),
    text: text('text'),
  }
  // Fields without a value are left out, which the type asks for.
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as AuditQuery
}

function momentOf(value: string | undefined, name: string): string | undefined {
  if (value === undefined) return undefined
  const time = Date.parse(value)
  if (Number.isNaN(time)) throw new BadAuditQuery(`"${name}" is no moment`)
  return new Date(time).toISOString()
}

function oneOf<T extends string>(known: readonly T[], value: string | undefined, name: string): T | undefined {
  if (value === undefined) return undefined
  const found = known.find((candidate) => candidate === value)
  if (found === undefined) throw new BadAuditQuery(`"${name}" is one of ${known.join(', ')}`)
  return found
}

export interface AuditFilter {
  /** Cheap and never wrong when false: whether a line's bytes may hold an entry that matches. */
  mayMatch(line: Buffer): boolean
  matches(entry: AuditEntry): boolean
}

/** The query as a test of entries. */
export function createAuditFilter(query: AuditQuery): AuditFilter {
  // Lines are written without spaces, so a field and its value are found as they stand.
  const needles = (['cluster', 'person', 'verb', 'type', 'outcome', 'namespace', 'name', 'group'] as const).flatMap(
    (field) => (query[field] === undefined ? [] : [Buffer.from(`"${field}":${JSON.stringify(query[field])}`)]),
  )
  const text = query.text?.toLowerCase()
  return {
    mayMatch: (line) => needles.every((needle) => line.includes(needle)),
    matches(entry) {
      if (!isInTime(entry, query) || !isOfObject(entry, query)) return false
      for (const field of ['cluster', 'person', 'verb', 'type', 'outcome'] as const) {
        if (query[field] !== undefined && entry[field] !== query[field]) return false
      }
      return text === undefined || wordsOf(entry).includes(text)
    },
  }
}

function isInTime({ time }: AuditEntry, { from, to }: AuditQuery): boolean {
  return (from === undefined || time >= from) && (to === undefined || time <= to)
}

function isOfObject({ object }: AuditEntry, query: AuditQuery): boolean {
  for (const field of ['group', 'namespace', 'name'] as const) {
    if (query[field] !== undefined && object?.[field] !== query[field]) return false
  }
  return query.resources === undefined || (object !== undefined && query.resources.includes(object.resource))
}

function wordsOf(entry: AuditEntry): string {
  const { person, verb, cluster, object, path, message, requestId, auditId } = entry
  const { group, resource, namespace, name, subresource } = object ?? {}
  const words = [person, verb, cluster, group, resource, namespace, name, subresource, path, message]
  return [...words, requestId, auditId].filter(Boolean).join('\n').toLowerCase()
}
