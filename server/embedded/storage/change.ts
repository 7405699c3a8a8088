import type { Labels } from '@/contract/selectors'
import type { ObjectKey } from './log-entry'

export interface Change {
  key: ObjectKey
  type: 'put' | 'delete'
  labels: Labels | undefined
  /** Already carries the revision that `decide` was given. */
  body: Buffer
}

/** What a writer made of the state it saw: a change or none, and what to answer once that is on the disk. */
export interface Decision<T> {
  change?: Change
  value: T
}
