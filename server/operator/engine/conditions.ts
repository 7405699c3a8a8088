import type { Condition } from '@/contract/kube-object'
import { formatTime } from '@/server/cluster/clock'

/** A condition as a controller states it, without times. */
export type ConditionState = Pick<Condition, 'type' | 'status'> & { reason?: string; message?: string }

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

/**
 * The list that says what `states` say: a condition keeps its transition time while its status stays, order follows
 * `states`, and conditions not stated are gone.
 */
export function stateConditions(
  previous: readonly Condition[] | undefined,
  states: readonly ConditionState[],
  nowMs: number,
): Condition[] {
  return states.map((state) => {
    const before = findCondition(previous, state.type)
    const kept = before?.status === state.status ? before.lastTransitionTime : undefined
    return { ...state, lastTransitionTime: kept ?? formatTime(nowMs) }
  })
}
