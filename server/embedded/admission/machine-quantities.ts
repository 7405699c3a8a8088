import { formatCanonical, noQuantity, readCanonicalQuantity } from '@/contract/canonical-quantity'
import { quantityMilli, quantityValue } from '@/contract/quantity'

/** A quantity as JSON has it: text or a bare number. */
export function quantityText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : undefined
}

/** Whole units, rounded up; 0 where there is no quantity. */
export function unitsOf(value: unknown): bigint {
  return quantityValue(quantityText(value))
}

/** Thousandths, rounded up; 0 where there is no quantity. */
export function milliOf(value: unknown): number {
  return quantityMilli(quantityText(value)) ?? 0
}

/** A quantity in the one form in which Kubernetes writes it. `0` where there is none. */
export function canonicalQuantity(value: unknown): string {
  return formatCanonical(readCanonicalQuantity(quantityText(value)) ?? noQuantity)
}

/** Whole units, in binary suffixes where those say them exactly. */
export function binaryQuantity(units: bigint): string {
  return formatCanonical({ nano: units * 1_000_000_000n, format: 'BinarySI' })
}
