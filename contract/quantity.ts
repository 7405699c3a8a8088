/**
 * Kubernetes quantities (`128Mi`, `1.5G`, `250m`, `1e3`), exact. A quantity is a bigint of thousand-millionths (nano),
 * the finest step Kubernetes keeps; finer fractions are rounded up, as its own parser does
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
 */
export type Quantity = bigint

const NANO = 1_000_000_000n

/** Factor of each suffix in nano. */
const suffixes: ReadonlyMap<string, bigint> = new Map([
  ['n', 1n],
  ['u', 1_000n],
  ['m', 1_000_000n],
  ['', NANO],
  ['k', NANO * 10n ** 3n],
  ['M', NANO * 10n ** 6n],
  ['G', NANO * 10n ** 9n],
  ['T', NANO * 10n ** 12n],
  ['P', NANO * 10n ** 15n],
  ['E', NANO * 10n ** 18n],
  ['Ki', NANO << 10n],
  ['Mi', NANO << 20n],
  ['Gi', NANO << 30n],
  ['Ti', NANO << 40n],
  ['Pi', NANO << 50n],
  ['Ei', NANO << 60n],
])

const grammar = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([eE])([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/

/** Reads a quantity; `undefined` when the text is none. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = grammar.exec(text)
  if (!match) return undefined
  const [, sign, digits = '', exponentMark, exponent, suffix = ''] = match
  const [whole = '', fraction = ''] = digits.split('.')
  let numerator = BigInt(`${whole}${fraction}` || '0')
  let denominator = 10n ** BigInt(fraction.length)
  if (exponentMark) {
    const power = Number(exponent)
    if (power >= 0) numerator *= NANO * 10n ** BigInt(power)
    else {
      numerator *= NANO
      denominator *= 10n ** BigInt(-power)
    }
  } else {
    numerator *= suffixes.get(suffix) ?? NANO
  }
  const magnitude = ceilDivide(numerator, denominator)
  return sign === '-' ? -magnitude : magnitude
}

/** The whole units in a quantity, rounded away from zero as Kubernetes' `Value()` does. `0` for text that is no quantity. */
export function quantityValue(text: string | undefined): bigint {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  if (quantity === undefined) return 0n
  return quantity < 0n ? -ceilDivide(-quantity, NANO) : ceilDivide(quantity, NANO)
}

/** Bytes of a memory or storage quantity; `undefined` when the text is none or the figure is not a safe integer. */
export function quantityBytes(text: string | undefined): number | undefined {
  if (text === undefined || parseQuantity(text) === undefined) return undefined
  const value = quantityValue(text)
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}

/** Thousandths of a CPU (or of anything), rounded up; `undefined` when the text is no quantity. */
export function quantityMilli(text: string | undefined): number | undefined {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  if (quantity === undefined) return undefined
  return Number(quantity < 0n ? -ceilDivide(-quantity, 1_000_000n) : ceilDivide(quantity, 1_000_000n))
}

/** Negative, zero or positive, for sorting; text that is no quantity counts as zero. */
export function compareQuantities(a: string | undefined, b: string | undefined): number {
  const difference = (parseQuantity(a ?? '') ?? 0n) - (parseQuantity(b ?? '') ?? 0n)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Writes bytes exactly, with the largest binary suffix that leaves no fraction: 1073741824 → `1Gi`, 1000 → `1000`. */
export function formatBytesQuantity(bytes: number | bigint): string {
  let value = BigInt(bytes)
  let suffix = ''
  for (const next of ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']) {
    if (value === 0n || value % 1024n !== 0n) break
    value /= 1024n
    suffix = next
  }
  return `${value}${suffix}`
}

/** Rounds up; both must be positive or zero, the divisor above zero. */
function ceilDivide(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator
}
