import { parseQuantity, quantityMilli, quantityValue } from '@/contract/quantity'

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

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const nano = 1_000_000_000n

/**
 * A quantity in the one form in which Kubernetes writes it: the largest suffix that leaves no fraction
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). `0` where there is none.
 */
export function canonicalQuantity(value: unknown): string {
  const text = quantityText(value) ?? ''
  const amount = parseQuantity(text) ?? 0n
  if (amount === 0n) return '0'
  const magnitude = amount < 0n ? -amount : amount
  if (text.endsWith('i') && magnitude >= 1024n * nano) return binaryQuantity(unitsOf(text))
  let [rest, step] = [amount, 0]
  while (rest % 1000n === 0n && step < decimalSuffixes.length - 1) [rest, step] = [rest / 1000n, step + 1]
  if (!/\d[eE][+-]?\d/.test(text)) return `${rest}${decimalSuffixes[step]}`
  return step === 3 ? String(rest) : `${rest}e${(step - 3) * 3}`
}

/** Whole units with the largest binary suffix that leaves no fraction. */
export function binaryQuantity(units: bigint): string {
  let [rest, step] = [units, 0]
  while (rest !== 0n && rest % 1024n === 0n && step < binarySuffixes.length - 1) [rest, step] = [rest / 1024n, step + 1]
  return `${rest}${binarySuffixes[step]}`
}
