import { expect, test } from 'vitest'
import { addCanonical, formatCanonical, noQuantity, readCanonicalQuantity } from './canonical-quantity'

const canonical = (value: unknown) => {
  const quantity = readCanonicalQuantity(value)
  return quantity && formatCanonical(quantity)
}

test.each([
  ['1024Mi', '1Gi'],
  ['1536Mi', '1536Mi'],
  ['512Ki', '512Ki'],
  ['1Ki', '1Ki'],
  ['0.5', '500m'],
  ['1500m', '1500m'],
  ['2000m', '2'],
  ['1000', '1k'],
  ['1e3', '1e3'],
  ['0.5Gi', '512Mi'],
  ['0', '0'],
  ['1u', '1u'],
  [5, '5'],
  ['many', undefined],
  [true, undefined],
])('prints %s as Kubernetes does: %s', (given, printed) => {
  expect(canonical(given)).toBe(printed)
})

test('a sum keeps the way its first part was written', () => {
  const sum = ['1Gi', '512Mi']
    .flatMap((text) => readCanonicalQuantity(text) ?? [])
    .reduce((left, right) => addCanonical(left, right), noQuantity)
  expect(formatCanonical(sum)).toBe('1536Mi')
})
