import { type Environment, Optional } from '@marcbachmann/cel-js'
import {
  label,
  label1035,
  label1035Why,
  labelValueWhy,
  labelWhy,
  qualifiedWhy,
  subdomainWhy,
} from '../errors/name-words'
import { compilePattern, type Pattern } from './regular-expression'

/** Functions about text: cel-go's strings extension and Kubernetes' regex and format libraries. */

const patterns = new Map<string, Pattern>()
const patternsKept = 500

/** Throws an Error for what is no regular expression. */
function patternOf(source: string): Pattern {
  const known = patterns.get(source)
  if (known) return known
  const pattern = compilePattern(source)
  if (patterns.size >= patternsKept) patterns.clear()
  patterns.set(source, pattern)
  return pattern
}

function matches(text: string, source: string): boolean {
  return patternOf(source).test(text)
}

function findAll(text: string, source: string, limit: bigint): string[] {
  const pattern = patternOf(source)
  // Its time is limited there; what passes can be searched.
  pattern.test(text)
  const all = text.match(pattern.global) ?? []
  return limit < 0n ? all : all.slice(0, Number(limit))
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > text.length) throw new Error(`index out of range: ${index}`)
  return text.charAt(Number(index))
}

function replace(text: string, ...[from, to, limit]: [string, string, bigint?]): string {
  if (limit === undefined || limit < 0n) return text.replaceAll(from, () => to)
  let result = text
  let start = 0
  for (let count = 0n; count < limit; count++) {
    const index = result.indexOf(from, start)
    if (index < 0 || start > result.length) break
    result = result.slice(0, index) + to + result.slice(index + from.length)
    start = index + to.length + (from === '' ? 1 : 0)
  }
  return result
}

const precision = 6

function formatNumber(value: unknown, verb: string, digits: number): string {
  const number = Number(value)
  if (verb === 'e') return number.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
  return number.toFixed(digits)
}

function formatRadix(value: unknown, verb: string): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  const radix = verb === 'b' ? 2 : verb === 'o' ? 8 : 16
  const text = typeof value === 'string' ? Buffer.from(value).toString('hex') : (value as bigint).toString(radix)
  return verb === 'X' ? text.toUpperCase() : text
}

/** A value as cel-go's `%s` prints it. */
export function textOf(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z')
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (typeof value === 'object' && (value.constructor === Object || value.constructor === undefined)) {
    const entries = Object.entries(value).map(([key, entry]) => `${key}: ${textOf(entry)}`)
    return `{${entries.sort().join(', ')}}`
  }
  return String(value)
}

function format(template: string, values: readonly unknown[]): string {
  let next = 0
  return template.replaceAll(/%(?:\.(\d+))?([sdfebxXo%])/g, (whole, digits: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new Error(`index ${next} out of range`)
    const value = values[next++]
    if (verb === 's' || verb === 'd') return textOf(value)
    if (verb === 'f' || verb === 'e') return formatNumber(value, verb, Math.min(Number(digits ?? precision), 20))
    if (typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean')
      return formatRadix(value, verb)
    throw new Error(`could not convert argument to ${whole}`)
  })
}

function registerStrings(env: Environment): void {
  const sync = { async: false }
  env
    .registerFunction('string.re2Matches(string): bool', matches, sync)
    .registerFunction('re2Matches(string, string): bool', matches, sync)
    .registerFunction('string.charAt(int): string', charAt, sync)
    .registerFunction('string.replace(string, string): string', replace, sync)
    .registerFunction('string.replace(string, string, int): string', replace, sync)
    .registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''), sync)
    .registerFunction('string.format(list): string', format, sync)
    .registerFunction(
      'StringsNamespace.quote(string): string',
      (_: unknown, text: string) => JSON.stringify(text),
      sync,
    )
    .registerFunction(
      'string.find(string): string',
      (text: string, source: string) => findAll(text, source, 1n)[0] ?? '',
      sync,
    )
    .registerFunction(
      'string.findAll(string): list<string>',
      (text: string, source: string) => findAll(text, source, -1n),
      sync,
    )
    .registerFunction('string.findAll(string, int): list<string>', findAll, sync)
}

class StringsNamespace {}

const qualifiedPart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

type FormatRule = (text: string) => string[]

function bounded(longest: number, rule: (text: string) => boolean, words: string): FormatRule {
  return (text) => [
    ...(text.length > longest ? [`must be no more than ${longest} bytes`] : []),
    ...(rule(text) ? [] : [words]),
  ]
}

const isSubdomain = (text: string): boolean => text.split('.').every((part) => label.test(part))

function qualifiedName(text: string): string[] {
  const parts = text.split('/')
  if (parts.length > 2) return [`a qualified name ${qualifiedWhy}`]
  const name = parts.at(-1) ?? ''
  return [
    ...(parts.length === 2 && !isSubdomain(parts[0] ?? '') ? [`prefix part ${subdomainWhy}`] : []),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(name.length > 63 ? ['name part must be no more than 63 bytes'] : []),
    ...(qualifiedPart.test(name) ? [] : [qualifiedWhy]),
  ]
}

/** A name may end in a dash where something is put behind it. */
const asPrefix =
  (rule: FormatRule): FormatRule =>
  (text) =>
    rule(text.replace(/-$/, 'a'))

const dns1123Label = bounded(63, (text) => label.test(text), labelWhy)
const dns1123Subdomain = bounded(253, isSubdomain, subdomainWhy)
const dns1035Label = bounded(63, (text) => label1035.test(text), label1035Why)

const namedFormats: Readonly<Record<string, FormatRule>> = {
  dns1123Label,
  dns1123Subdomain,
  dns1035Label,
  dns1123LabelPrefix: asPrefix(dns1123Label),
  dns1123SubdomainPrefix: asPrefix(dns1123Subdomain),
  dns1035LabelPrefix: asPrefix(dns1035Label),
  qualifiedName,
  labelValue: bounded(63, (text) => text === '' || qualifiedPart.test(text), labelValueWhy),
  uri: (text) => (text.startsWith('/') || URL.canParse(text) ? [] : ['invalid URI for request']),
  uuid: (text) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? [] : ['does not match the UUID format']),
  byte: (text) => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? [] : ['invalid base64']),
  date: (text) => (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid date']),
  datetime: (text) => (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid datetime']),
}

export class NamedFormat {
  readonly rule: FormatRule

  constructor(rule: FormatRule) {
    this.rule = rule
  }
}

class FormatNamespace {}

function registerFormats(env: Environment): void {
  const sync = { async: false }
  env
    .registerType('kubernetes.NamedFormat', NamedFormat)
    .registerType('FormatNamespace', FormatNamespace)
    .registerConstant('format', 'FormatNamespace', new FormatNamespace())
    .registerFunction(
      'kubernetes.NamedFormat.validate(string): optional<list<string>>',
      ({ rule }: NamedFormat, text: string) => {
        const errors = rule(text)
        return errors.length === 0 ? Optional.none() : Optional.of(errors)
      },
      sync,
    )
    .registerFunction(
      'FormatNamespace.named(string): optional<kubernetes.NamedFormat>',
      (_: FormatNamespace, name: string) => {
        const rule = Object.hasOwn(namedFormats, name) ? namedFormats[name] : undefined
        return rule ? Optional.of(new NamedFormat(rule)) : Optional.none()
      },
      sync,
    )
  for (const [name, rule] of Object.entries(namedFormats)) {
    const value = new NamedFormat(rule)
    env.registerFunction(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => value, sync)
  }
}

export function registerTextFunctions(env: Environment): void {
  env
    .registerType('StringsNamespace', StringsNamespace)
    .registerConstant('strings', 'StringsNamespace', new StringsNamespace())
  registerStrings(env)
  registerFormats(env)
}
