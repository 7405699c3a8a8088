import type { Environment } from '@marcbachmann/cel-js'
import { celEqual } from './cel-value'

/** Kubernetes' list library and cel-go's sets (https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library). */

type Comparable = bigint | number | string | boolean | Date

function compareValues(left: unknown, right: unknown): number {
  // Lists of what has no order are refused by `comparable`.
  const [l, r] = [left as Comparable, right as Comparable]
  return l < r ? -1 : l > r ? 1 : 0
}

function comparable(list: readonly unknown[]): readonly unknown[] {
  if (
    list.some((entry) => typeof entry === 'object' && !(entry instanceof Date) && typeof entry?.valueOf() !== 'number')
  ) {
    throw new Error('no such overload')
  }
  return list
}

function isSorted(list: readonly unknown[]): boolean {
  return comparable(list).every((entry, index) => index === 0 || compareValues(list[index - 1], entry) <= 0)
}

function extreme(name: string, sign: number): (list: readonly unknown[]) => unknown {
  return (list) => {
    if (list.length === 0) throw new Error(`${name} called on empty list`)
    return comparable(list).reduce((best, entry) => (compareValues(entry, best) * sign > 0 ? entry : best))
  }
}

function sum(list: readonly unknown[]): unknown {
  if (list.every((entry) => typeof entry === 'bigint')) return list.reduce((total, entry) => total + entry, 0n)
  if (list.every((entry) => typeof entry === 'number')) return list.reduce((total, entry) => total + entry, 0)
  throw new Error('no such overload')
}

const includes = (list: readonly unknown[], value: unknown): boolean => list.some((entry) => celEqual(entry, value))
const contains = (list: readonly unknown[], part: readonly unknown[]): boolean =>
  part.every((entry) => includes(list, entry))

function range(length: bigint): bigint[] {
  if (length > 10_000n) throw new Error('list is too long')
  return Array.from({ length: Number(length) }, (_, index) => BigInt(index))
}

function slice(list: readonly unknown[], from: bigint, to: bigint): unknown[] {
  if (from < 0n || to < from || to > list.length)
    throw new Error(`cannot slice(${from}, ${to}), list is length ${list.length}`)
  return list.slice(Number(from), Number(to))
}

class SetsNamespace {}

export function registerListFunctions(env: Environment): void {
  const sync = { async: false }
  env
    .registerFunction('list.isSorted(): bool', isSorted, sync)
    .registerFunction('list.sum(): dyn', sum, sync)
    .registerFunction('list.min(): dyn', extreme('min', -1), sync)
    .registerFunction('list.max(): dyn', extreme('max', 1), sync)
    .registerFunction(
      'list.indexOf(dyn): int',
      (list: unknown[], value: unknown) => {
        return BigInt(list.findIndex((entry) => celEqual(entry, value)))
      },
      sync,
    )
    .registerFunction(
      'list.lastIndexOf(dyn): int',
      (list: unknown[], value: unknown) => {
        return BigInt(list.findLastIndex((entry) => celEqual(entry, value)))
      },
      sync,
    )
    .registerFunction('list.slice(int, int): list', slice, sync)
    .registerFunction('list.flatten(): list', (list: unknown[]) => list.flat(), sync)
    .registerFunction('list.reverse(): list', (list: unknown[]) => [...list].reverse(), sync)
    .registerFunction('list.distinct(): list', distinct, sync)
    .registerFunction('list.sort(): list', (list: unknown[]) => [...comparable(list)].sort(compareValues), sync)
    .registerType('ListsNamespace', ListsNamespace)
    .registerConstant('lists', 'ListsNamespace', new ListsNamespace())
    .registerFunction(
      'ListsNamespace.range(int): list<int>',
      (_: ListsNamespace, length: bigint) => range(length),
      sync,
    )
    .registerType('SetsNamespace', SetsNamespace)
    .registerConstant('sets', 'SetsNamespace', new SetsNamespace())
    .registerFunction(
      'SetsNamespace.contains(list, list): bool',
      (_: unknown, list: unknown[], part: unknown[]) => {
        return contains(list, part)
      },
      sync,
    )
    .registerFunction(
      'SetsNamespace.equivalent(list, list): bool',
      (_: unknown, list: unknown[], other: unknown[]) => {
        return contains(list, other) && contains(other, list)
      },
      sync,
    )
    .registerFunction(
      'SetsNamespace.intersects(list, list): bool',
      (_: unknown, list: unknown[], other: unknown[]) => {
        return other.some((entry) => includes(list, entry))
      },
      sync,
    )
}

class ListsNamespace {}

function distinct(list: readonly unknown[]): unknown[] {
  const found: unknown[] = []
  for (const entry of list) if (!includes(found, entry)) found.push(entry)
  return found
}
