import { type Context, createContext, Script } from 'node:vm'
import { isJsonObject } from '@/contract/json'

/**
 * Regular expressions as Kubernetes reads them (RE2 syntax, unanchored), on JavaScript's engine. That one backtracks, so
 * an expression or text that could make it run away is matched under a time limit.
 */
export interface Pattern {
  test(text: string): boolean
  /** With the flags `g` and, where given, `i`, `m`, `s`; for finding and replacing. */
  readonly global: RegExp
}

/** What RE2 accepts and JavaScript writes otherwise. */
const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

const matchMilliseconds = 100
/** Longer texts can make even a polynomial expression slow. */
const shortText = 256

/** Thrown when a match takes too long. */
export class PatternTimeout extends Error {}

/** Throws SyntaxError, with Go's words around the engine's own, for what is no regular expression. */
export function compilePattern(source: string): Pattern {
  const { body, flags } = translate(source)
  const plain = build(body, flags, source)
  const global = new RegExp(plain.source, `${plain.flags}g`)
  const risky = canRunAway(body)
  return {
    global,
    test: (text) => (risky || text.length > shortText ? withinTime(() => plain.test(text)) : plain.test(text)),
  }
}

function build(body: string, flags: string, source: string): RegExp {
  if (/\(\?[=!]|\(\?<[=!]|\\[1-9]/.test(body.replaceAll(/\\[^1-9]/g, ''))) {
    throw new SyntaxError(`error parsing regexp: invalid or unsupported Perl syntax: \`${source}\``)
  }
  try {
    // `u` counts characters as Go does, but forbids escapes that Go allows.
    return new RegExp(body, `${flags}u`)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  try {
    return new RegExp(body, flags)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new SyntaxError(`error parsing regexp: ${error.message.replace(/^Invalid regular expression: /, '')}`)
  }
}

function translate(source: string): { body: string; flags: string } {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  const flags = leading?.[1] ? [...new Set(leading[1])].join('') : ''
  const body = (leading ? source.slice(leading[0].length) : source)
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replaceAll(/\\p([A-Z])(?![a-z{])/g, '\\p{$1}')
    .replaceAll(/\[:(\^?)(\w+):\]/g, (whole, negated: string, name: string) =>
      negated === '' ? (posixClasses[name] ?? whole) : whole,
    )
  return { body, flags }
}

/** Whether something repeated contains a choice or a repetition, which is what makes backtracking exponential. */
function canRunAway(body: string): boolean {
  const text = body.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
  const starts: { choice: boolean }[] = []
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '(') starts.push({ choice: false })
    else if (character === ')') {
      const group = starts.pop()
      const repeated = /^(?:[*+]|\{\d+,?\d*\})/.test(text.slice(index + 1))
      if (group?.choice && repeated) return true
      const outer = starts.at(-1)
      if (outer && group?.choice) outer.choice = true
    } else if (character === '|' || character === '*' || character === '+' || character === '{') {
      const group = starts.at(-1)
      if (group) group.choice = true
    }
  }
  return false
}

let guarded: { context: Context; script: Script } | undefined

/** Runs synchronous work, and ends it after a tenth of a second with a PatternTimeout. */
export function withinTime<T>(job: () => T, milliseconds = matchMilliseconds): T {
  guarded ??= { context: createContext({}), script: new Script('job()') }
  guarded.context['job'] = job
  try {
    // The script's value is what `job` returned.
    return guarded.script.runInContext(guarded.context, { timeout: milliseconds }) as T
  } catch (error) {
    // The error is of the script's own realm: no instance of this one's Error.
    if (isJsonObject(error) && error['code'] === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new PatternTimeout('took too long', { cause: error })
    }
    throw error
  } finally {
    guarded.context['job'] = undefined
  }
}
