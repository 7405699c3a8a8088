import type { KubeStatus, StatusCause } from '@/contract/kube-object'

/** An error that the API answers as it is: thrown anywhere below a request. */
export class StatusError extends Error {
  readonly status: KubeStatus

  constructor(status: Omit<KubeStatus, 'kind' | 'apiVersion' | 'metadata' | 'status'>, options?: ErrorOptions) {
    super(status.message ?? '', options)
    this.name = 'StatusError'
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...status }
  }

  get code(): number {
    return this.status.code ?? 500
  }
}

/** The group and plural (or kind, in validation errors) that a message names: `virtualmachines.kubevirt.io`. */
export interface GroupName {
  group: string
  name: string
}

export function qualified({ group, name }: GroupName): string {
  return group === '' ? name : `${name}.${group}`
}

/** The wordings below are those of Kubernetes' own API server, which clients and people compare against. */

export function notFound(resource: GroupName, name: string): StatusError {
  return new StatusError({
    message: `${qualified(resource)} "${name}" not found`,
    reason: 'NotFound',
    details: detailsOf(resource, name),
    code: 404,
  })
}

export function alreadyExists(resource: GroupName, name: string): StatusError {
  return new StatusError({
    message: `${qualified(resource)} "${name}" already exists`,
    reason: 'AlreadyExists',
    details: detailsOf(resource, name),
    code: 409,
  })
}

export function conflict(resource: GroupName, name: string, why: string): StatusError {
  return new StatusError({
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    reason: 'Conflict',
    details: detailsOf(resource, name),
    code: 409,
  })
}

export const modifiedMeanwhile =
  'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(resource: GroupName, name: string, why: string): StatusError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`
  return new StatusError({
    message: `${subject} is forbidden: ${why}`,
    reason: 'Forbidden',
    details: detailsOf(resource, name),
    code: 403,
  })
}

export function badRequest(message: string): StatusError {
  return new StatusError({ message, reason: 'BadRequest', code: 400 })
}

export function unauthorized(): StatusError {
  return new StatusError({ message: 'Unauthorized', reason: 'Unauthorized', code: 401 })
}

export function methodNotAllowed(resource: GroupName, action: string): StatusError {
  return new StatusError({
    message: `${action} is not supported on resources of kind "${qualified(resource)}"`,
    reason: 'MethodNotAllowed',
    details: detailsOf(resource, ''),
    code: 405,
  })
}

export function notAcceptable(offered: readonly string[]): StatusError {
  return new StatusError({
    message: `only the following media types are accepted: ${offered.join(', ')}`,
    reason: 'NotAcceptable',
    code: 406,
  })
}

export function unsupportedMediaType(supported: readonly string[]): StatusError {
  return new StatusError({
    message: `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`,
    reason: 'UnsupportedMediaType',
    code: 415,
  })
}

export function tooLarge(limit: number): StatusError {
  return new StatusError({
    message: `Request entity too large: limit is ${limit}`,
    reason: 'RequestEntityTooLarge',
    code: 413,
  })
}

export function timeout(): StatusError {
  return new StatusError({
    message: 'Timeout: request did not complete within the allotted timeout',
    reason: 'Timeout',
    details: {},
    code: 504,
  })
}

/** Come back later: the sender has as much under way as anyone may. `seconds` becomes Retry-After. */
export function tooManyRequests(message: string, seconds: number): StatusError {
  return new StatusError({
    message,
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: seconds },
    code: 429,
  })
}

/** The revision asked for is older than what compaction left: list again. */
export function expired(message: string): StatusError {
  return new StatusError({ message, reason: 'Expired', code: 410 })
}

export function internalError(message: string): StatusError {
  return new StatusError({
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  })
}

/** One thing wrong with one field; `detail` reads like `Invalid value: "x": must be …`. */
export interface FieldError {
  reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueTypeInvalid'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
  field: string
  detail: string
}

export function invalidValue(field: string, value: unknown, why: string): FieldError {
  return { reason: 'FieldValueInvalid', field, detail: `Invalid value: ${JSON.stringify(value)}: ${why}` }
}

export function requiredValue(field: string, why = ''): FieldError {
  return { reason: 'FieldValueRequired', field, detail: why === '' ? 'Required value' : `Required value: ${why}` }
}

export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const known = supported.map((each) => JSON.stringify(each)).join(', ')
  return {
    reason: 'FieldValueNotSupported',
    field,
    detail: `Unsupported value: ${JSON.stringify(value)}: supported values: ${known}`,
  }
}

export function duplicateValue(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, detail: `Duplicate value: ${JSON.stringify(value)}` }
}

export function forbiddenValue(field: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', field, detail: `Forbidden: ${why}` }
}

/** `kind` is the group's kind, e.g. `{ group: 'kubevirt.io', name: 'VirtualMachine' }`. */
export function invalid(kind: GroupName, name: string, errors: readonly FieldError[]): StatusError {
  const texts = errors.map(({ field, detail }) => `${field}: ${detail}`)
  const causes: StatusCause[] = errors.map(({ reason, field, detail }) => ({ reason, message: detail, field }))
  return new StatusError({
    message: `${qualified(kind)} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`,
    reason: 'Invalid',
    details: { ...detailsOf(kind, name), causes },
    code: 422,
  })
}

function detailsOf({ group, name: kind }: GroupName, name: string): NonNullable<KubeStatus['details']> {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind }
}
