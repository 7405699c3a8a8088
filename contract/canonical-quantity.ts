import { parseQuantity } from './quantity'

/**
 * A quantity that remembers how it was written, so that sums print as Kubernetes prints them: `resource.Quantity` of
 * its API machinery keeps a format and drops every trailing zero.
 */
export interface CanonicalQuantity {
  /** Thousand-millionths. */
  nano: bigint
  format: 'BinarySI' | 'DecimalSI' | 'DecimalExponent'
}

export const oneItem: CanonicalQuantity = { nano: 1_000_000_000n, format: 'DecimalSI' }
export const noQuantity: CanonicalQuantity = { nano: 0n, format: 'DecimalSI' }

/** Reads a quantity as it stands in JSON, where a number counts as its text; `undefined` for what is none. */
export function readCanonicalQuantity(value: unknown): CanonicalQuantity | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  const nano = parseQuantity(text)
  if (nano === undefined) return undefined
  const format = /[KMGTPE]i$/.test(text) ? 'BinarySI' : /[eE][+-]?\d+$/.test(text) ? 'DecimalExponent' : 'DecimalSI'
  return { nano, format }
}

/** The sum; it prints like the left one, or like the right one where the left is nothing. */
export function addCanonical(left: CanonicalQuantity, right: CanonicalQuantity): CanonicalQuantity {
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format }
}

export function subtractCanonical(left: CanonicalQuantity, right: CanonicalQuantity): CanonicalQuantity {
  return { nano: left.nano - right.nano, format: left.nano === 0n ? right.format : left.format }
}

const unit = 1_000_000_000n
const decimalSuffixes = ['', 'k', 'M', 'G', 'T', 'P', 'E']
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** The shortest exact text: `1024Mi` → `1Gi`, `1500m` stays, `0.5` → `500m`. */
export function formatCanonical({ nano, format }: CanonicalQuantity): string {
  if (nano === 0n) return '0'
  if (format === 'BinarySI' && nano % unit === 0n && (nano >= 1024n * unit || nano <= -1024n * unit)) {
    return stripped(nano / unit, { step: 1024n, suffixes: binarySuffixes })
  }
  if (nano % unit !== 0n) return fractional(nano)
  if (format === 'DecimalExponent') {
    return stripped(nano / unit, { step: 1000n, suffixes: decimalSuffixes.map((_, index) => exponent(index)) })
  }
  return stripped(nano / unit, { step: 1000n, suffixes: decimalSuffixes })
}

function exponent(index: number): string {
  return index === 0 ? '' : `e${index * 3}`
}

function stripped(value: bigint, { step, suffixes }: { step: bigint; suffixes: readonly string[] }): string {
  let index = 0
  let rest = value
  while (index < suffixes.length - 1 && rest % step === 0n) {
    rest /= step
    index++
  }
  return `${rest}${suffixes[index] ?? ''}`
}

function fractional(nano: bigint): string {
  if (nano % 1_000_000n === 0n) return `${nano / 1_000_000n}m`
  return nano % 1_000n === 0n ? `${nano / 1_000n}u` : `${nano}n`
}
