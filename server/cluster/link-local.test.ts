import { expect, it } from 'vitest'
import { isLinkLocal, lookupWithoutLinkLocal } from './link-local'

it.each([
  '169.254.169.254',
  '169.254.0.1',
  '[fe80::1]',
  'fe80::1%eth0',
  '::ffff:169.254.169.254',
  '0.0.0.0',
  '::',
  'fd00:ec2::254',
])('knows %s as an address where no API server may be looked for', (address) => expect(isLinkLocal(address)).toBe(true))

it.each(['127.0.0.1', '10.0.0.1', '::1', '[2001:db8::1]', 'fd00::1', 'kubernetes.example', ''])(
  'lets %s pass',
  (address) => expect(isLinkLocal(address)).toBe(false),
)

it('resolves ordinary names as the system does', async () => {
  const addresses = await new Promise((resolve, reject) =>
    lookupWithoutLinkLocal('localhost', { all: true }, (error, found) => (error ? reject(error) : resolve(found))),
  )
  expect(addresses).toContainEqual(expect.objectContaining({ address: '127.0.0.1' }))
})
