import { expect, test } from 'vitest'
import { isAbout } from './event-filter'

test.each([
  ['VirtualMachine', 'web', true],
  ['VirtualMachineInstance', 'web', true],
  ['VirtualMachineInstance', 'web-2', false],
  ['DataVolume', 'web-root', true],
  ['PersistentVolumeClaim', 'web-root', true],
  ['PersistentVolumeClaim', 'other', false],
  ['Pod', 'virt-launcher-web-x7k2p', true],
  // The launcher of a machine called web-2.
  ['Pod', 'virt-launcher-web-2-x7k2p', false],
  ['Secret', 'web', false],
])('an event about %s %s belongs to the machine: %s', (kind, name, expected) => {
  expect(isAbout({ kind, name }, 'web', ['web-root'])).toBe(expected)
})
