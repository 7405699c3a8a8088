import {
  badRequest,
  type FieldError,
  forbiddenValue,
  invalid,
  invalidValue,
  unsupportedValue,
} from '../errors/status-error'

/** Checks of ListOptions that look at several parameters together; wordings of kube-apiserver. */

/** Throws 400 and 422 for what contradicts itself in a list's query. */
export function checkListOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? ''
  const version = query.get('resourceVersion') ?? ''
  const isContinued = (query.get('continue') ?? '') !== ''
  const errors: FieldError[] = []
  const forbid = (field: string, why: string) => errors.push(forbiddenValue(field, why))
  if (match !== '') {
    if (version === '') {
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
    }
    if (isContinued) forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(unsupportedValue('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && version === '0') {
      forbid('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    }
  }
  if (query.has('sendInitialEvents')) forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  refuse(errors)
  if (isContinued && version !== '' && version !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
}

/** Throws 422 for what contradicts itself in a watch's query. */
export function checkWatchOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? ''
  const errors: FieldError[] = []
  const forbid = (field: string, why: string) => errors.push(forbiddenValue(field, why))
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan') {
      forbid('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    }
    if ((query.get('continue') ?? '') !== '') {
      errors.push(invalidValue('continue', query.get('continue'), 'sendInitialEvents is forbidden with continue'))
    }
  } else if (match !== '') {
    forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  }
  if (match !== '' && match !== 'NotOlderThan')
    errors.push(unsupportedValue('resourceVersionMatch', match, ['NotOlderThan']))
  refuse(errors)
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', name: 'ListOptions' }, '', errors)
}
