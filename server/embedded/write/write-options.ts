import type { IncomingMessage } from 'node:http'
import { badRequest, StatusError } from '../errors/status-error'

export interface WriteOptions {
  dryRun: boolean
  /** Who the fields are said to belong to. */
  fieldManager: string
  /** What is said about fields that the schema does not know; left out: nothing. */
  fieldValidation?: FieldValidation
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** The options every write takes from its query. Throws for values Kubernetes does not know. */
export function readWriteOptions(query: URLSearchParams, request: IncomingMessage): WriteOptions {
  for (const value of query.getAll('dryRun')) {
    if (value === 'All') continue
    throw new StatusError({
      message: `Invalid value: dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`,
      reason: 'Invalid',
      code: 422,
    })
  }
  const fieldValidation = readFieldValidation(query.get('fieldValidation'))
  const fieldManager = query.get('fieldManager') ?? ''
  if (fieldManager.length > 128) throw badRequest('fieldManager: Too long: may not be more than 128 bytes')
  return { dryRun: query.has('dryRun'), fieldManager: fieldManager || agentName(request), fieldValidation }
}

function readFieldValidation(value: string | null): FieldValidation {
  if (value === null || value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw new StatusError({
    message: `Invalid value: fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`,
    reason: 'Invalid',
    code: 422,
  })
}

/** The part of the user agent before the first slash, as Kubernetes takes it for a manager's name. */
function agentName(request: IncomingMessage): string {
  return (request.headers['user-agent'] ?? '').split('/')[0]?.trim().slice(0, 128) || 'unknown'
}
