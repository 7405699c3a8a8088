import { isJsonObject } from '@/contract/json'

/** An entry of `x-kubernetes-validations` (https://kubernetes.io/docs/reference/using-api/cel/). */
export interface RawRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

export function isRawRule(value: unknown): value is RawRule {
  return isJsonObject(value) && typeof value['rule'] === 'string'
}
