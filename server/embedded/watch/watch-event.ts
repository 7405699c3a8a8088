import type { ApiObject } from '../api-object'
import { serializeObject } from '../api-object'
import { type Candidate, hasSelectedKey, passesSelectors, type Selection, selectsByKeyOnly } from '../query/selection'
import type { Representation } from '../represent/representation'
import { type LogEntry, parseObject, peekObject } from '../storage/log-entry'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** What one watcher sees of the log. */
export interface View {
  selection: Selection
  representation: Representation
  /** A row of the log, for what an object was before. */
  entry(revision: number): LogEntry | undefined
}

const frames = new WeakMap<LogEntry, Map<string, Buffer>>()

/**
 * The event that a change is to a watcher; undefined when it is none. An object that comes to be selected is ADDED, one
 * that no longer is DELETED, whatever really happened to it.
 */
export function encodeChange(change: LogEntry, view: View): Buffer | undefined {
  const { selection } = view
  if (!hasSelectedKey(selection, change)) return undefined
  const now = change.type !== 'delete' && passes(selection, change)
  const before = change.type !== 'create' && passedBefore(change, view)
  if (now) return frame(change, before ? 'MODIFIED' : 'ADDED', view.representation)
  if (!before) return undefined
  if (change.type === 'delete') return frame(change, 'DELETED', view.representation)
  return frameOf('DELETED', view.representation.single(lastSelectedState(change, view)))
}

function passes(selection: Selection, entry: LogEntry): boolean {
  return selectsByKeyOnly(selection) || passesSelectors(selection, candidateOf(entry))
}

function passedBefore(change: LogEntry, { selection, entry }: View): boolean {
  if (selectsByKeyOnly(selection)) return true
  const previous = entry(change.previous)
  return previous !== undefined && passesSelectors(selection, candidateOf(previous))
}

/** The object as it was when last selected, at the revision at which it ceased to be. */
function lastSelectedState(change: LogEntry, { entry }: View): Buffer {
  const previous = entry(change.previous) ?? change
  // Stored bodies are objects with metadata.
  const object = parseObject(previous.body) as ApiObject
  object.metadata.resourceVersion = String(change.revision)
  return serializeObject(object)
}

export function candidateOf(entry: LogEntry): Candidate {
  return { ...entry, object: () => peekObject(entry.body) }
}

/** Bytes of an event, made once for all watchers that want the same. */
function frame(change: LogEntry, type: EventType, representation: Representation): Buffer {
  let known = frames.get(change)
  if (!known) {
    known = new Map()
    frames.set(change, known)
  }
  const key = `${type} ${representation.key}`
  let bytes = known.get(key)
  if (!bytes) {
    bytes = frameOf(type, representation.single(change.body))
    known.set(key, bytes)
  }
  return bytes
}

const newline = Buffer.from('}\n')

export function frameOf(type: EventType | 'BOOKMARK' | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, newline])
}
