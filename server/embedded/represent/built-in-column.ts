import type { JsonObject } from '@/contract/json'

/** A column of a built-in kind's table, as `kubectl get` prints it. The first one stands for the name. */
export interface BuiltInColumn {
  name: string
  type?: 'string' | 'integer' | 'boolean' | 'date'
  /** 1: only with `-o wide`. */
  priority?: 0 | 1
  cell(object: JsonObject, now: Date): unknown
}
