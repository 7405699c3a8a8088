import type { AuditChange } from '@/contract/audit'
import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { isSecretField, looksSecret, redacted } from './redaction'

/** What one entry keeps at most; the rest is left out and said to be. */
const limits = { changes: 100, valueBytes: 2 * 1024, totalBytes: 16 * 1024, depth: 32 }

export interface ObjectChanges {
  changes: AuditChange[]
  cut: boolean
}

export interface ComparedObject {
  /** Left out: there was none. */
  before?: JsonObject | undefined
  /** Left out: there is none any more. */
  after?: JsonObject | undefined
  /** Its `data` is nobody's business. */
  secret: boolean
}

/**
 * What is different between two states of an object, apart from what the server keeps up by itself. Values that look
 * like secrets are replaced by a text that says so, on both sides; that they changed is told.
 */
export function compareObjects({ before, after, secret }: ComparedObject): ObjectChanges {
  const found: Change[] = []
  walk(withoutBookkeeping(before), withoutBookkeeping(after), [], found)
  const changes: AuditChange[] = []
  let bytes = 0
  for (const change of found) {
    const shown = show(change, secret)
    bytes += JSON.stringify(shown).length
    if (changes.length >= limits.changes || bytes > limits.totalBytes) return { changes, cut: true }
    changes.push(shown)
  }
  return { changes, cut: false }
}

interface Change {
  parts: readonly string[]
  before: unknown
  after: unknown
}

/** Kept by the server, or too large and told elsewhere. */
const bookkeeping = ['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid', 'selfLink']
/** A copy of the whole object, secrets included. */
const appliedCopy = 'kubectl.kubernetes.io/last-applied-configuration'

function withoutBookkeeping(object: JsonObject | undefined): JsonObject {
  if (!object) return {}
  const { status: _status, apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object
  if (!isJsonObject(metadata)) return rest
  const kept = Object.fromEntries(Object.entries(metadata).filter(([field]) => !bookkeeping.includes(field)))
  if (isJsonObject(kept['annotations'])) {
    kept['annotations'] = Object.fromEntries(Object.entries(kept['annotations']).filter(([key]) => key !== appliedCopy))
  }
  return { metadata: kept, ...rest }
}

function walk(before: unknown, after: unknown, parts: readonly string[], found: Change[]): void {
  // One more than is kept tells that something was left out.
  if (found.length > limits.changes || jsonEqual(before, after)) return
  const pair = parts.length < limits.depth ? fieldsOf(before, after) : undefined
  if (!pair) {
    found.push({ parts, before, after })
    return
  }
  for (const name of new Set([...pair.before.keys(), ...pair.after.keys()])) {
    walk(pair.before.get(name), pair.after.get(name), [...parts, name], found)
  }
}

/** The parts of two values that can be compared one by one. */
function fieldsOf(
  before: unknown,
  after: unknown,
): { before: Map<string, unknown>; after: Map<string, unknown> } | undefined {
  if (isJsonObject(before) && isJsonObject(after)) {
    return { before: new Map(Object.entries(before)), after: new Map(Object.entries(after)) }
  }
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined
  const [left, right] = [byName(before), byName(after)]
  if (left && right) return { before: left, after: right }
  if (before.length !== after.length) return undefined
  return { before: byIndex(before), after: byIndex(after) }
}

const byIndex = (list: readonly unknown[]) => new Map(list.map((value, index) => [String(index), value]))

/** The entries of a list by their names; undefined when some have none, or two the same. */
function byName(list: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map<string, unknown>()
  for (const entry of list) {
    const name = isJsonObject(entry) ? entry['name'] : undefined
    if (typeof name !== 'string' || named.has(name)) return undefined
    named.set(name, entry)
  }
  return named
}

function show({ parts, before, after }: Change, secret: boolean): AuditChange {
  const path = parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  const hidden = (secret && /^(data|stringData)$/.test(parts[0] ?? '')) || parts.some(isSecretField)
  const [shownBefore, shownAfter] = [before, after].map((value) => shorten(hide(value, hidden)))
  if (before === undefined) return { op: 'add', path, after: shownAfter }
  if (after === undefined) return { op: 'remove', path, before: shownBefore }
  return { op: 'replace', path, before: shownBefore, after: shownAfter }
}

/** The value with everything secret in it replaced. */
function hide(value: unknown, hidden: boolean): unknown {
  if (typeof value === 'string') return hidden || looksSecret(value) ? redacted : value
  if (Array.isArray(value)) return value.map((entry) => hide(entry, hidden))
  if (!isJsonObject(value)) return hidden && typeof value === 'number' ? redacted : value
  // An environment variable or parameter whose name tells what its value is.
  const named = typeof value['name'] === 'string' && isSecretField(value['name'])
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field,
      hide(inner, hidden || isSecretField(field) || (named && field === 'value')),
    ]),
  )
}

function shorten(value: unknown): unknown {
  const bytes = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
  return bytes > limits.valueBytes ? `[${bytes} bytes]` : value
}
