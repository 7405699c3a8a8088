import { isJsonObject } from '@/contract/json'
import { type LabelRequirement, type Labels, matchesLabels } from '@/contract/selectors'

const operators: Readonly<Record<string, LabelRequirement['operator']>> = {
  In: 'in',
  NotIn: 'not-in',
  Exists: 'exists',
  DoesNotExist: 'absent',
}

/** Whether labels meet a selector as it stands in an object (metav1.LabelSelector); an empty one is met by all. */
export function meetsLabelSelector(selector: unknown, labels: Labels | undefined): boolean {
  if (!isJsonObject(selector)) return true
  const exact = isJsonObject(selector['matchLabels']) ? Object.entries(selector['matchLabels']) : []
  const expressions = Array.isArray(selector['matchExpressions'])
    ? selector['matchExpressions'].filter(isJsonObject)
    : []
  const requirements: LabelRequirement[] = [
    ...exact.map(([key, value]) => ({ key, operator: 'in' as const, values: [String(value)] })),
    ...expressions.map(({ key, operator, values }) => ({
      key: String(key),
      operator: operators[String(operator)] ?? ('exists' as const),
      values: Array.isArray(values) ? values.map(String) : [],
    })),
  ]
  return matchesLabels(requirements, labels)
}
