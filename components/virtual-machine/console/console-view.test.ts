import { expect, test } from 'vitest'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { chooseView, consoleViews } from './console-view'

const guest = (devices: VirtualMachineInstance['spec']['domain']['devices']) => ({ spec: { domain: { devices } } })

test('a guest has both consoles unless its specification leaves one out', () => {
  expect(consoleViews(guest({}))).toEqual(['vnc', 'serial'])
  expect(consoleViews(guest({ autoattachGraphicsDevice: false }))).toEqual(['serial'])
  expect(consoleViews(guest({ autoattachSerialConsole: false }))).toEqual(['vnc'])
  expect(consoleViews(guest({ autoattachGraphicsDevice: false, autoattachSerialConsole: false }))).toEqual([])
})

test('the address decides, then the last choice, then what there is', () => {
  expect(chooseView(['vnc', 'serial'], 'serial', 'vnc')).toBe('serial')
  expect(chooseView(['vnc', 'serial'], '', 'serial')).toBe('serial')
  expect(chooseView(['vnc', 'serial'], 'nonsense', null)).toBe('vnc')
  expect(chooseView(['serial'], 'vnc', 'vnc')).toBe('serial')
  expect(chooseView([], 'vnc')).toBeUndefined()
})
