import type { AuditObject, AuditOutcome } from '@/contract/audit'
import { part } from '@/contract/json'
import type { CallOutcome, CallRecord, CallRecorder, RecordedCall } from '@/server/proxy/call-recorder'
import type { Caller } from '@/server/proxy/caller'
import { changesNothing, parseApiObject, verbOf } from './api-object'
import type { AuditLog, NewAuditEntry } from './audit-log'
import { compareObjects, type ObjectChanges } from './object-changes'

export interface CallAuditOptions {
  log: Pick<AuditLog, 'record'>
  /** Which calls have their object read before the change: those of people in a browser, by default. */
  before?: 'interactive' | 'always' | 'never'
}

/** Makes entries of the calls and streams that go through proxy and console relay: one per change, two per stream. */
export function createCallAudit({ log, before = 'interactive' }: CallAuditOptions): CallRecorder {
  return {
    begin(call) {
      const object = parseApiObject(call.path)
      if (!call.upgrade && changesNothing(call.path, object)) return undefined
      return call.upgrade ? streamRecord(call, object, log) : changeRecord(call, object, { log, before })
    },
  }
}

function changeRecord(
  call: RecordedCall,
  object: AuditObject | undefined,
  { log, before }: Required<CallAuditOptions>,
): CallRecord {
  const startedAt = performance.now()
  const entry = entryOf(call, object)
  const whole = object !== undefined && object.subresource === undefined
  const asked = before === 'always' || (before === 'interactive' && call.caller.sessionId !== undefined)
  return {
    wantsBefore: asked && whole && object.name !== undefined && call.method !== 'POST',
    wantsAfter: whole && call.method !== 'DELETE',
    opened: () => undefined,
    finish(outcome) {
      const made = whole && call.method === 'POST' ? nameIn(outcome) : undefined
      log.record({
        ...entry,
        ...(object && made !== undefined ? { object: { ...object, name: made } } : {}),
        ...outcomeOf(outcome),
        durationMs: Math.round(performance.now() - startedAt),
        ...(whole ? changesOf(call, object, outcome) : {}),
      })
    },
  }
}

function streamRecord(call: RecordedCall, object: AuditObject | undefined, log: Pick<AuditLog, 'record'>): CallRecord {
  const entry: EntryStart = { ...entryOf(call, object), type: 'stream' }
  let openedAt: number | undefined
  return {
    wantsBefore: false,
    wantsAfter: false,
    opened(status) {
      openedAt = performance.now()
      log.record({ ...entry, ...outcomeOf({ status }), phase: 'start' })
    },
    finish(outcome) {
      const ended =
        openedAt === undefined ? {} : { phase: 'end' as const, durationMs: Math.round(performance.now() - openedAt) }
      log.record({ ...entry, ...outcomeOf(outcome), ...ended })
    },
  }
}

type EntryStart = Omit<NewAuditEntry, 'outcome' | 'status'>

function entryOf(call: RecordedCall, object: AuditObject | undefined): EntryStart {
  const { caller, cluster, method, path, upgrade } = call
  return {
    type: 'call',
    ...describeCaller(caller),
    cluster,
    verb: verbOf(method, upgrade, object),
    ...(object ? { object } : { path: (path.split('?', 1)[0] ?? '').slice(0, 512) }),
  }
}

/** Who did something, as entries have it. */
export function describeCaller(caller: Caller) {
  const { user, personKey, source, sessionId, address, requestId } = caller
  return {
    person: user,
    ...(personKey === undefined ? {} : { personKey }),
    source,
    ...(sessionId === undefined ? {} : { session: sessionId.slice(0, 12) }),
    address,
    requestId,
  }
}

const maxMessageLength = 1_024

function outcomeOf({ status, message, auditId }: CallOutcome) {
  return {
    outcome: judge(status),
    status,
    ...(message ? { message: message.slice(0, maxMessageLength) } : {}),
    ...(auditId ? { auditId: auditId.slice(0, 128) } : {}),
  }
}

/** What an HTTP status says about who is to blame. */
export function judge(status: number): AuditOutcome {
  if (status >= 500 || status === 0) return 'failed'
  return status >= 400 ? 'refused' : 'success'
}

function nameIn({ after, status }: CallOutcome): string | undefined {
  const { name } = part(after, 'metadata')
  return status < 400 && typeof name === 'string' ? name : undefined
}

function changesOf(call: RecordedCall, object: AuditObject, { status, before, after }: CallOutcome) {
  if (status === 0 || status >= 400) return {}
  const secret = object.group === '' && object.resource === 'secrets'
  const compared = comparable(call.method, before, after)
  return compared ? fieldsOf(compareObjects({ ...compared, secret })) : {}
}

/** Two states whose difference is what the call did; undefined when one of them is not known. */
function comparable(method: string, before: CallOutcome['before'], after: CallOutcome['after']) {
  if (method === 'POST') return after && { after }
  if (method === 'DELETE') return before && { before }
  return before && after && { before, after }
}

function fieldsOf({ changes, cut }: ObjectChanges) {
  return { ...(changes.length === 0 ? {} : { changes }), ...(cut ? { changesCut: true } : {}) }
}
