import type { StatusCause } from '@/contract/kube-object'
import { StatusError } from '../errors/status-error'

/** Collects what is wrong with an object, in the form KubeVirt's and CDI's webhooks give it. */
export class Causes {
  readonly list: StatusCause[] = []

  invalid(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueInvalid', message, field })
  }

  required(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueRequired', message, field })
  }

  notSupported(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueNotSupported', message, field })
  }

  duplicate(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueDuplicate', message, field })
  }

  notFound(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueNotFound', message, field })
  }

  forbidden(field: string, message: string): void {
    this.list.push({ reason: 'FieldValueForbidden', message, field })
  }

  get any(): boolean {
    return this.list.length > 0
  }
}

/** As many causes as KubeVirt's webhooks tell. */
const toldCauses = 10

/** A refusal by one of KubeVirt's webhooks: the messages of the first causes, and how many more there are. */
export function deniedByKubeVirt(webhook: string, causes: readonly StatusCause[]): StatusError {
  const told = causes.slice(0, toldCauses).map(withoutEmptyField)
  const more = causes.length - told.length
  const messages = told.map(({ message }) => message).join(', ')
  return new StatusError({
    message: `${denial(webhook)}: ${messages}${more > 0 ? `, and ${more} more validation errors` : ''}`,
    reason: 'Invalid',
    details: { causes: told },
    code: 422,
  })
}

/** A refusal by one of CDI's webhooks, which give no reason and begin every message with a space. */
export function deniedByCdi(webhook: string, causes: readonly StatusCause[]): StatusError {
  return new StatusError({
    message: `${denial(webhook)}: ${causes.map(({ message }) => ` ${message}`).join('')}`,
    details: { causes: causes.map(withoutEmptyField) },
    code: 422,
  })
}

/** A webhook that could not do with the request what it has to: 400 without a reason. */
export function failedInWebhook(webhook: string, message: string): StatusError {
  return new StatusError({ message: `${denial(webhook)}: ${message}`, code: 400 })
}

function denial(webhook: string): string {
  return `admission webhook "${webhook}" denied the request`
}

function withoutEmptyField({ field, ...cause }: StatusCause): StatusCause {
  return field ? { ...cause, field } : cause
}
