import { isJsonObject, type JsonObject, part } from '@/contract/json'
import type { BuiltInColumn } from './built-in-column'
import { ageOf } from './duration'

/** What `kubectl get csr` prints. */

function condition(object: JsonObject): string {
  const status = part(object, 'status')
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].filter(isJsonObject) : []
  const has = (type: string) => conditions.some((entry) => entry['type'] === type)
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) words.push('Failed')
  if (status['certificate']) words.push('Issued')
  return words.join(',')
}

function requestedDuration(object: JsonObject, now: Date): string {
  const seconds = part(object, 'spec')['expirationSeconds']
  return typeof seconds === 'number' ? ageOf(new Date(now.getTime() - seconds * 1000).toISOString(), now) : '<none>'
}

export const signingRequestColumns: BuiltInColumn[] = [
  { name: 'Name', cell: (object) => part(object, 'metadata')['name'] },
  { name: 'Age', cell: (object, now) => ageOf(part(object, 'metadata')['creationTimestamp'], now) },
  { name: 'SignerName', cell: (object) => part(object, 'spec')['signerName'] ?? '<none>' },
  { name: 'Requestor', cell: (object) => part(object, 'spec')['username'] ?? '' },
  { name: 'RequestedDuration', cell: requestedDuration },
  { name: 'Condition', cell: condition },
]
