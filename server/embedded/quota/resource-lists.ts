import { formatCanonical, readCanonicalQuantity } from '@/contract/canonical-quantity'
import { isJsonObject, type JsonObject, objectsOf, part } from '@/contract/json'

/** Completes a range as Kubernetes does: a default from the maximum, a default request from the default or the minimum. */
export function completeLimitRange(range: JsonObject): void {
  for (const item of objectsOf(part(range, 'spec')['limits'])) {
    if (item['type'] !== 'Container') continue
    const limits = { ...part(item, 'max'), ...part(item, 'default') }
    const requests = { ...part(item, 'min'), ...limits, ...part(item, 'defaultRequest') }
    if (Object.keys(limits).length > 0) item['default'] = limits
    if (Object.keys(requests).length > 0) item['defaultRequest'] = requests
  }
}

/** A resource list with its quantities as Kubernetes prints them; what is no quantity stays for validation to refuse. */
export function canonicalList(value: unknown): unknown {
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      const quantity = readCanonicalQuantity(text)
      return [name, quantity ? formatCanonical(quantity) : text]
    }),
  )
}
