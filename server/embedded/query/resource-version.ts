import { badRequest, StatusError } from '../errors/status-error'

/** Reads a resourceVersion of a query: undefined when none is given. Throws 400 for what is none. */
export function readResourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion')
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`Invalid value: "${text}": invalid resourceVersion`)
  return Number(text)
}

/** A state is asked for that this server has not seen yet: clients try again. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError({
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    code: 504,
  })
}
