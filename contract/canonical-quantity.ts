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
const fractionSuffixes = ['n', 'u', 'm']
const decimalSuffixes = ['', 'k', 'M', 'G', 'T', 'P', 'E']
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/**
 * The shortest exact text: `1024Mi` → `1Gi`, `1500m` stays, `0.5` → `500m`. As `Quantity.CanonicalizeBytes` of
 * apimachinery: what a binary suffix could not say exactly, or below 1024, is written in decimals.
 */
export function formatCanonical({ nano, format }: CanonicalQuantity): string {
  if (nano === 0n) return '0'
  if (format === 'BinarySI' && nano % unit === 0n && (nano >= 1024n * unit || nano <= -1024n * unit)) {
    return stripped(nano / unit, { step: 1024n, suffixes: binarySuffixes })
  }
  const suffixes = format === 'DecimalExponent' ? exponents : [...fractionSuffixes, ...decimalSuffixes]
  return stripped(nano, { step: 1000n, suffixes })
}

const exponents = [-9, -6, -3, 0, 3, 6, 9, 12, 15, 18].map((power) => (power === 0 ? '' : `e${power}`))

function stripped(value: bigint, { step, suffixes }: { step: bigint; suffixes: readonly string[] }): string {
  let index = 0
  let rest = value
  while (index < suffixes.length - 1 && rest % step === 0n) {
    rest /= step
    index++
  }
  return `${rest}${suffixes[index] ?? ''}`
}
