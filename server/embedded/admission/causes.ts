import type { StatusCause } from '@/contract/kube-object'

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
}

/** The objects in a list field; what is none is left to the schema. */
export function objectsIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.filter(
        (entry): entry is Record<string, unknown> =>
          typeof entry === 'object' && entry !== null && !Array.isArray(entry),
      )
    : []
}
