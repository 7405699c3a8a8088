import type { Environment } from '@marcbachmann/cel-js'
import { parseQuantity, type Quantity } from '@/contract/quantity'

/** Kubernetes' functions for quantities and semantic versions (https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library). */
const one = 1_000_000_000n

export class QuantityValue {
  readonly nano: Quantity

  constructor(nano: Quantity) {
    this.nano = nano
  }
}

function quantity(text: string): QuantityValue {
  const nano = parseQuantity(text)
  if (nano === undefined) {
    throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
  }
  return new QuantityValue(nano)
}

function compare(left: bigint, right: bigint): bigint {
  return left < right ? -1n : left > right ? 1n : 0n
}

function asInteger({ nano }: QuantityValue): bigint {
  if (nano % one !== 0n) throw new Error('cannot convert value to integer')
  return nano / one
}

function registerQuantity(env: Environment): void {
  const sync = { async: false }
  env
    .registerType('kubernetes.Quantity', QuantityValue)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined, sync)
    .registerFunction('quantity(string): kubernetes.Quantity', quantity, sync)
    .registerFunction('kubernetes.Quantity.sign(): int', ({ nano }: QuantityValue) => compare(nano, 0n), sync)
    .registerFunction('kubernetes.Quantity.isInteger(): bool', ({ nano }: QuantityValue) => nano % one === 0n, sync)
    .registerFunction('kubernetes.Quantity.asInteger(): int', asInteger, sync)
    .registerFunction(
      'kubernetes.Quantity.asApproximateFloat(): double',
      ({ nano }: QuantityValue) => Number(nano) / Number(one),
      sync,
    )
    .registerOperator('kubernetes.Quantity == kubernetes.Quantity', (left: QuantityValue, right: QuantityValue) => {
      return left.nano === right.nano
    })
  const methods = {
    add: (left: bigint, right: bigint) => new QuantityValue(left + right),
    sub: (left: bigint, right: bigint) => new QuantityValue(left - right),
  }
  for (const [name, compute] of Object.entries(methods)) {
    env
      .registerFunction(
        `kubernetes.Quantity.${name}(kubernetes.Quantity): kubernetes.Quantity`,
        (left: QuantityValue, right: QuantityValue) => compute(left.nano, right.nano),
        sync,
      )
      .registerFunction(
        `kubernetes.Quantity.${name}(int): kubernetes.Quantity`,
        (left: QuantityValue, right: bigint) => compute(left.nano, right * one),
        sync,
      )
  }
  registerOrder(env, {
    type: 'kubernetes.Quantity',
    order: (l: QuantityValue, r: QuantityValue) => compare(l.nano, r.nano),
  })
}

function registerOrder<T>(env: Environment, { type, order }: { type: string; order: (l: T, r: T) => bigint }): void {
  const sync = { async: false }
  env
    .registerFunction(`${type}.compareTo(${type}): int`, order, sync)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (left: T, right: T) => order(left, right) > 0n, sync)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (left: T, right: T) => order(left, right) < 0n, sync)
}

const semverGrammar =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

export class SemverValue {
  readonly numbers: readonly bigint[]
  readonly pre: readonly string[]

  constructor(text: string) {
    const found = semverGrammar.exec(text)
    if (!found) throw new Error(`Invalid Semantic Version ${JSON.stringify(text)}`)
    this.numbers = found.slice(1, 4).map(BigInt)
    this.pre = found[4]?.split('.') ?? []
  }
}

function compareSemver(left: SemverValue, right: SemverValue): bigint {
  for (let index = 0; index < 3; index++) {
    const order = compare(left.numbers[index] ?? 0n, right.numbers[index] ?? 0n)
    if (order !== 0n) return order
  }
  if (left.pre.length === 0 || right.pre.length === 0) return BigInt(Math.sign(right.pre.length - left.pre.length))
  for (let index = 0; index < Math.max(left.pre.length, right.pre.length); index++) {
    const order = comparePre(left.pre[index], right.pre[index])
    if (order !== 0n) return order
  }
  return 0n
}

function comparePre(left: string | undefined, right: string | undefined): bigint {
  if (left === undefined || right === undefined) return left === right ? 0n : left === undefined ? -1n : 1n
  const [l, r] = [/^\d+$/.test(left), /^\d+$/.test(right)]
  if (l && r) return compare(BigInt(left), BigInt(right))
  if (l !== r) return l ? -1n : 1n
  return left < right ? -1n : left > right ? 1n : 0n
}

function registerSemver(env: Environment): void {
  const sync = { async: false }
  const normal = (text: string): string => text.replace(/^v/, '').replaceAll(/(^|\.)0+(?=\d)/g, '$1')
  const full = (text: string): string => {
    const [numbers = '', rest = ''] = normal(text).split(/(?=[-+])(.*)/s)
    return [...numbers.split('.'), '0', '0'].slice(0, 3).join('.') + rest
  }
  env
    .registerType('kubernetes.Semver', SemverValue)
    .registerFunction('isSemver(string): bool', (text: string) => semverGrammar.test(text), sync)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, loose: boolean) => {
        return semverGrammar.test(loose ? full(text) : text)
      },
      sync,
    )
    .registerFunction('semver(string): kubernetes.Semver', (text: string) => new SemverValue(text), sync)
    .registerFunction(
      'semver(string, bool): kubernetes.Semver',
      (text: string, loose: boolean) => {
        return new SemverValue(loose ? full(text) : text)
      },
      sync,
    )
    .registerOperator('kubernetes.Semver == kubernetes.Semver', (left: SemverValue, right: SemverValue) => {
      return compareSemver(left, right) === 0n
    })
  for (const [index, name] of ['major', 'minor', 'patch'].entries()) {
    env.registerFunction(`kubernetes.Semver.${name}(): int`, ({ numbers }: SemverValue) => numbers[index] ?? 0n, sync)
  }
  registerOrder(env, { type: 'kubernetes.Semver', order: compareSemver })
}

export function registerValueFunctions(env: Environment): void {
  registerQuantity(env)
  registerSemver(env)
}
