import { isJsonObject, type JsonObject } from '@/contract/json'
import { parseQuantity } from '@/contract/quantity'
import { deniedByKubeVirt, failedInWebhook } from './causes'
import { objectAt, valueAt } from './machine-fields'
import { quantityWords } from './machine-memory'
import { quantityText } from './machine-quantities'

/**
 * What KubeVirt's mutating webhooks refuse before any schema is asked: fields that are missing, and quantities that
 * cannot be read.
 */
export function checkShape(webhook: string, object: JsonObject, template: boolean): void {
  const missing = missingFields(object, template)
  if (missing.length > 0) {
    throw deniedByKubeVirt(
      webhook,
      missing.map((field) => ({ message: `${field} in body is required` })),
    )
  }
  const spec = template ? objectAt(object, 'spec', 'template', 'spec') : objectAt(object, 'spec')
  if (spec && hasBadQuantity(spec)) throw failedInWebhook(webhook, quantityWords)
}

function missingFields(object: JsonObject, template: boolean): string[] {
  if (!isGiven(object['spec'])) return ['.spec']
  if (template && !isGiven(valueAt(object, 'spec', 'template'))) return ['spec.template']
  const field = template ? 'spec.template.spec' : 'spec'
  const spec = template ? valueAt(object, 'spec', 'template', 'spec') : object['spec']
  if (!isJsonObject(spec)) return []
  if (!isGiven(spec['domain'])) return [`${field}.domain`]
  if (!isGiven(valueAt(spec, 'domain', 'devices'))) return [`${field}.domain.devices`]
  return [
    ...nameless(`${field}.domain.devices.disks`, valueAt(spec, 'domain', 'devices', 'disks')),
    ...nameless(`${field}.domain.devices.interfaces`, valueAt(spec, 'domain', 'devices', 'interfaces')),
    ...nameless(`${field}.networks`, spec['networks']),
    ...nameless(`${field}.volumes`, spec['volumes']),
  ]
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function nameless(field: string, list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((entry, index) =>
    isJsonObject(entry) && !isGiven(entry['name']) ? [`${field}[${index}].name`] : [],
  )
}

function hasBadQuantity(spec: JsonObject): boolean {
  const amounts = [
    valueAt(spec, 'domain', 'memory', 'guest'),
    valueAt(spec, 'domain', 'memory', 'maxGuest'),
    ...Object.values(objectAt(spec, 'domain', 'resources', 'requests') ?? {}),
    ...Object.values(objectAt(spec, 'domain', 'resources', 'limits') ?? {}),
  ]
  return amounts.some((amount) => {
    const text = quantityText(amount)
    return text !== undefined && parseQuantity(text) === undefined
  })
}
