/** One press on a US keyboard: the key's position (KeyboardEvent.code), its X11 keysym, and whether Shift is held. */
export interface KeyPress {
  code: string
  keysym: number
  shift: boolean
}

const plain = "`1234567890-=[]\\;',./ "
const shifted = '~!@#$%^&*()_+{}|:"<>?'
const positions = [
  'Backquote',
  ...'1234567890'.split('').map((digit) => `Digit${digit}`),
  'Minus',
  'Equal',
  'BracketLeft',
  'BracketRight',
  'Backslash',
  'Semicolon',
  'Quote',
  'Comma',
  'Period',
  'Slash',
  'Space',
]

/** Keysyms of keys that print nothing (X11 keysymdef.h). */
export const keysyms = { enter: 0xff0d, tab: 0xff09, shift: 0xffe1 } as const

/**
 * The press that types a character on a US layout, which firmware, installers and log-in prompts mostly have; undefined
 * for characters that such a keyboard lacks.
 */
export function usKeyPress(character: string): KeyPress | undefined {
  if (character === '\n' || character === '\r') return { code: 'Enter', keysym: keysyms.enter, shift: false }
  if (character === '\t') return { code: 'Tab', keysym: keysyms.tab, shift: false }
  // Latin-1 keysyms are the characters' own code points.
  const keysym = character.codePointAt(0) ?? 0
  if (/^[a-z]$/.test(character)) return { code: `Key${character.toUpperCase()}`, keysym, shift: false }
  if (/^[A-Z]$/.test(character)) return { code: `Key${character}`, keysym, shift: true }
  for (const [characters, shift] of [
    [plain, false],
    [shifted, true],
  ] as const) {
    const code = positions[characters.indexOf(character)]
    if (characters.includes(character) && code) return { code, keysym, shift }
  }
  return undefined
}

/** The presses for a text, and the characters that cannot be typed. Line ends of any system are one Enter. */
export function usKeyPresses(text: string): { presses: KeyPress[]; untypable: string[] } {
  const presses: KeyPress[] = []
  const untypable: string[] = []
  for (const character of text.replace(/\r\n/g, '\n')) {
    const press = usKeyPress(character)
    if (press) presses.push(press)
    else untypable.push(character)
  }
  return { presses, untypable }
}
