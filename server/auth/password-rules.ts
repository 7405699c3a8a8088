import { shortestPassword } from '@/contract/people'

/**
 * What the passwords of published leaks are made of, without the digits and signs around it and with letters for the
 * digits that stand for some. (NIST SP 800-63B, 5.1.1.2: refuse what is common; demand no mixture.)
 */
const common = new Set(
  `password passwort parola motdepasse contrasena senha secret geheim segreto letmein welcome benvenuto willkommen
  bienvenue administrator administratore administrador amministratore admin root superuser operator chiave kubevirt
  kubernetes virtualmachine qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm
  abcdef abcdefgh abcdefghi abcdefghij iloveyou tiamo sunshine princess football calcio baseball basketball superman
  batman dragon monkey master shadow michael jennifer jordan harley ranger hunter trustno trustnoi starwars whatever
  computer internet samsung google default changeme changeit changemenow pleasechangeme cambiami test testtest tester
  testing user username login access passw passwd pass passpass mypassword thepassword yourpassword newpassword
  juventus ferrari napoli forzainter milan chocolate cookie flower summer winter spring autumn estate inverno`.split(
    /\s+/,
  ),
)

const standIns: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
}

/** Why a password may not be someone's, as a sentence; undefined when it may. */
export function weaknessOf(password: string, username: string): string | undefined {
  const plain = password.normalize('NFC')
  if ([...plain].length < shortestPassword) return `A password has at least ${shortestPassword} characters.`
  const lower = plain.toLowerCase()
  const name = username.toLowerCase()
  if (stripped(lower) === stripped(name) || lower === name.repeat(2) || lower === [...name].reverse().join('')) {
    return 'A password is not the name it belongs to.'
  }
  if (isPattern(lower)) return 'A password is not one sign repeated, nor a row of neighbours.'
  if (wordsOf(lower).some((word) => common.has(word))) return 'This password is among those that are tried first.'
  return undefined
}

/** Without the digits and signs before and after, which everyone adds. */
const stripped = (text: string) => text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '') || text

/** What is left of a password once its decoration is taken off, in the ways people put it on. */
function wordsOf(lower: string): string[] {
  const letters = [...lower].map((sign) => standIns[sign] ?? sign).join('')
  const core = stripped(lower)
  const corrected = [...core].map((sign) => standIns[sign] ?? sign).join('')
  const words = [core, corrected, stripped(letters), letters.replace(/[^\p{L}]/gu, '')]
  return words.flatMap((word) => {
    const half = word.slice(0, word.length / 2)
    return half !== '' && half.repeat(2) === word ? [word, half] : [word]
  })
}

/** `aaaaaaaaaa`, `1234567890`, `9876543210`, `abababab…`, `123123123…` */
function isPattern(text: string): boolean {
  for (const size of [1, 2, 3, 4]) {
    const unit = text.slice(0, size)
    if (unit.repeat(Math.ceil(text.length / size)).slice(0, text.length) === text) return true
  }
  const steps = new Set([...text].slice(1).map((sign, at) => (sign.charCodeAt(0) - text.charCodeAt(at) + 10) % 10))
  return /^\d+$/.test(text) && steps.size === 1
}
