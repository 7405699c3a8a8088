import { expect, test } from 'vitest'
import { readDestinations } from './destinations'

function lookUp(denied: readonly string[], name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    readDestinations(denied).lookup(name, { all: true }, (error, found) => {
      if (error) reject(error)
      else resolve(JSON.stringify(found))
    })
  })
}

test.each([
  '169.254.169.254',
  '::ffff:169.254.169.254',
  'fe80::1',
  'fd00:ec2::254',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  '255.255.255.255',
  'not an address',
])('imports never reach %s', (address) => {
  expect(readDestinations([]).refusalOf(address)).toBeDefined()
})

test.each(['127.0.0.1', '::1', '10.1.2.3', 'fd12::1', '100.64.0.1', '93.184.215.14', '2606:2800::1'])(
  'without a rule imports reach %s',
  (address) => {
    expect(readDestinations([]).refusalOf(address)).toBeUndefined()
  },
)

test.each([
  ['loopback', '127.9.9.9', '10.0.0.1'],
  ['loopback', '::ffff:127.0.0.1', '10.0.0.1'],
  ['private', '192.168.1.1', '127.0.0.1'],
  ['private', 'fd12::1', '2606:2800::1'],
  ['private', '100.64.0.1', '101.64.0.1'],
  ['10.1.0.0/16', '10.1.255.1', '10.2.0.1'],
  ['10.1.2.3', '10.1.2.3', '10.1.2.4'],
  ['2001:db8::/32', '2001:db8:1::1', '10.1.2.3'],
])('a rule for %s holds back %s and not %s', (rule, refused, allowed) => {
  const { refusalOf } = readDestinations([rule])
  expect(refusalOf(refused)).toContain(refused)
  expect(refusalOf(allowed)).toBeUndefined()
})

test('a name is held to the rules where it leads', async () => {
  await expect(lookUp([], 'localhost')).resolves.toMatch(/127\.0\.0\.1|::1/)
  await expect(lookUp(['loopback'], 'localhost')).rejects.toThrow(
    /localhost leads to where images are not fetched from/,
  )
})

test('a rule that cannot be read is named', () => {
  expect(() => readDestinations(['home'])).toThrow(/"home"/)
})
