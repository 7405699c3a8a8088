import { expect, test } from 'vitest'
import { buildNotices, isAllowed, productionPackages } from './notices.mjs'

test('every package of the product has a licence that may be in it', () => {
  const packages = productionPackages()
  expect(packages.length).toBeGreaterThan(50)
  expect(packages.filter((found) => !isAllowed(found)).map(({ name, licence }) => `${name}: ${licence}`)).toEqual([])
})

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0)', true],
  ['MIT AND GPL-3.0', false],
  ['GPL-3.0', false],
  ['', false],
  ['SEE LICENSE IN FILE', false],
])('a package under "%s" may be in the product: %s', (licence, answer) => {
  expect(isAllowed({ name: 'x', version: '1', licence, directory: '', optional: false })).toBe(answer)
})

test('the notices name every package and carry the licences’ texts', () => {
  const notices = buildNotices()
  for (const { name, version } of productionPackages())
    expect(notices.includes(`${name} ${version}: `), name).toBe(true)
  for (const words of ['Permission is hereby granted, free of charge', 'licensed under the MPL 2.0']) {
    expect(notices.includes(words), words).toBe(true)
  }
})
