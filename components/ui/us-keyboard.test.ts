import { expect, test } from 'vitest'
import { usKeyPress, usKeyPresses } from './us-keyboard'

test.each([
  ['a', 'KeyA', false],
  ['Z', 'KeyZ', true],
  ['1', 'Digit1', false],
  ['!', 'Digit1', true],
  ['0', 'Digit0', false],
  [')', 'Digit0', true],
  ['`', 'Backquote', false],
  ['~', 'Backquote', true],
  ['-', 'Minus', false],
  ['_', 'Minus', true],
  ['\\', 'Backslash', false],
  ['|', 'Backslash', true],
  [';', 'Semicolon', false],
  [':', 'Semicolon', true],
  ["'", 'Quote', false],
  ['"', 'Quote', true],
  ['/', 'Slash', false],
  ['?', 'Slash', true],
  [' ', 'Space', false],
  ['\n', 'Enter', false],
  ['\t', 'Tab', false],
])('%j is typed with %s, Shift: %s', (character, code, shift) => {
  expect(usKeyPress(character)).toMatchObject({ code, shift })
})

test('every printable ASCII character can be typed', () => {
  const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
  const { presses, untypable } = usKeyPresses(all)
  expect(untypable).toEqual([])
  expect(presses.map(({ keysym }) => String.fromCodePoint(keysym)).join('')).toBe(all)
})

test('what a US keyboard lacks is named, and a line end of Windows is one Enter', () => {
  expect(usKeyPresses('è\r\na')).toMatchObject({ presses: [{ code: 'Enter' }, { code: 'KeyA' }], untypable: ['è'] })
})
