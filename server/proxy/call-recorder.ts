import type { JsonObject } from '@/contract/json'
import type { Caller } from './caller'

/** A call as far as a record of it needs to know. */
export interface RecordedCall {
  caller: Caller
  cluster: string
  method: string
  /** Below the cluster's API root, with the query, as it goes on the wire. */
  path: string
  upgrade: boolean
}

export interface CallOutcome {
  /** HTTP status; 0 when the caller left before there was one. */
  status: number
  /** The refusal in the server's own words. */
  message?: string | undefined
  /** As the API server calls the request in its own audit log. */
  auditId?: string | undefined
  before?: JsonObject | undefined
  /** The object in the answer. */
  after?: JsonObject | undefined
}

/** The record of one call that is under way. */
export interface CallRecord {
  /** Whether the object as it is before the call is wanted, when the caller may read it. */
  readonly wantsBefore: boolean
  /** Whether the answer's object is wanted. */
  readonly wantsAfter: boolean
  /** A stream is open now; its end follows with `finish`. */
  opened(status: number): void
  /** Called once, when the answer or the stream has ended. */
  finish(outcome: CallOutcome): void
}

/** Who keeps a record of what is done through the console; a seam, so that the proxy need not know how. */
export interface CallRecorder {
  /** Undefined: the call changes nothing worth a record. */
  begin(call: RecordedCall): CallRecord | undefined
}
