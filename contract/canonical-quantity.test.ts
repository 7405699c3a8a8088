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
  ['0Ki', '0'],
  ['-1Ki', '-1Ki'],
  ['-512', '-512'],
  ['1000Ki', '1000Ki'],
  ['0.0001Ki', '102400u'],
  ['1.5Ki', '1536'],
  ['1.0001Ki', '1024102400u'],
  ['0.9Ki', '921600m'],
  ['15e-1', '1500e-3'],
  ['1E', '1E'],
  ['1E3', '1e3'],
  ['1000E', '1000E'],
  ['1024Ei', '1024Ei'],
  ['2500k', '2500k'],
  ['0.1n', '1n'],
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
