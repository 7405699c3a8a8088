/** Without 0/o, 1/l/i: what is read on one screen is typed on another. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const groups = 3
const groupLength = 5

/** Fills the array with unpredictable bytes and returns it. */
export type RandomBytes = (target: Uint8Array<ArrayBuffer>) => Uint8Array

const fromCrypto: RandomBytes = (target) => globalThis.crypto.getRandomValues(target)

/**
 * A password of three groups of five, e.g. `k7mxq-3dvp9-wfh2t`: 74 bits, easy to read aloud and to type on any keyboard
 * layout that has Latin letters where a US keyboard has them.
 */
export function generatePassword(random: RandomBytes = fromCrypto): string {
  const letters: string[] = []
  // Bytes beyond the last whole multiple of the alphabet would make its first letters likelier.
  const limit = 256 - (256 % alphabet.length)
  while (letters.length < groups * groupLength) {
    for (const byte of random(new Uint8Array(32))) {
      if (byte < limit && letters.length < groups * groupLength) letters.push(alphabet.charAt(byte % alphabet.length))
    }
  }
  const text = letters.join('')
  return Array.from({ length: groups }, (_, i) => text.slice(i * groupLength, (i + 1) * groupLength)).join('-')
}
