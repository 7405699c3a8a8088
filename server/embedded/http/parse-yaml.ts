import { CORE_SCHEMA, FAILSAFE_SCHEMA, load, type Schema, Type, YAMLException } from 'js-yaml'
import { alreadySet } from './repeated-yaml-keys'

/** Thrown for text that is no YAML of JSON's kind; the message says where. */
export class YamlError extends Error {}

const booleans = /^(?:(y|yes|true|on)|n|no|false|off)$/i
const integers = /^[-+]?(?:0b[01_]+|0x[\da-f_]+|0o?[0-7_]*|[1-9][\d_]*)$/i

/** Only these spellings of a word count: `yes`, `Yes`, `YES`, but not `yEs`. */
function isSpelled(text: string): boolean {
  return text === text.toLowerCase() || text === text.toUpperCase() || /^[A-Z][a-z]*$/.test(text)
}

function integerOf(text: string): number {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '').toLowerCase()
  const size = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return text.startsWith('-') ? -size : size
}

/** YAML 1.1's scalars, as clients in Go mean them: `no` is false, `0644` is octal, and a date is text. */
const booleanType = new Type('tag:yaml.org,2002:bool', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && booleans.test(text) && isSpelled(text),
  construct: (text: string) => booleans.exec(text)?.[1] !== undefined,
})
const integerType = new Type('tag:yaml.org,2002:int', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && integers.test(text),
  construct: integerOf,
})
const binaryType = new Type('tag:yaml.org,2002:binary', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string',
  construct: (text: string) => Buffer.from(text, 'base64').toString('utf8'),
})
const mergeType = new Type('tag:yaml.org,2002:merge', {
  kind: 'scalar',
  resolve: (text: unknown) => text === '<<' || text === null,
})

const schema: Schema = FAILSAFE_SCHEMA.extend({
  implicit: [
    ...scalarsOf(CORE_SCHEMA, ['null']),
    booleanType,
    integerType,
    ...scalarsOf(CORE_SCHEMA, ['float']),
    mergeType,
  ],
  explicit: [binaryType],
})

function scalarsOf(from: Schema, names: readonly string[]): Type[] {
  // Not in the library's types, but part of what it documents: the types a schema resolves without a tag.
  const { compiledImplicit } = from as unknown as { compiledImplicit: (Type & { tag: string })[] }
  return compiledImplicit.filter(({ tag }) => names.some((name) => tag === `tag:yaml.org,2002:${name}`))
}

/**
 * Parses one YAML document. Aliases stay references to one value: whoever walks the result must bound what he visits. Of a
 * key that is there again the last value counts, which `onRepeated` is told of, with the first such key in Kubernetes'
 * words. Throws a YamlError; nesting is bounded by the parser.
 */
export function parseYaml(text: string, onRepeated?: (first: string) => void): unknown {
  // Most of what is sent as YAML is JSON, which parses many times as fast.
  const json = /^\s*[{[]/.test(text) ? parsedJson(text) : undefined
  if (json) return json.value
  try {
    return load(text, { schema })
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== 'duplicated mapping key') throw asYamlError(error)
    onRepeated?.(firstRepeated(text, error))
  }
  try {
    return load(text, { schema, json: true })
  } catch (error) {
    throw asYamlError(error)
  }
}

function asYamlError(error: unknown): unknown {
  if (error instanceof YAMLException) return new YamlError(worded(error), { cause: error })
  // What the parser throws beside its own errors is about the text, too: a tag of a type that is none, a bad number.
  if (error instanceof TypeError || error instanceof RangeError) return new YamlError(error.message, { cause: error })
  return error
}

function firstRepeated(text: string, { mark }: YAMLException): string {
  const [, double, single, plain = ''] =
    /^(?:"([^"\n]*)"|'([^'\n]*)'|([^\s:][^:\n]*?))\s*:/.exec(text.slice(mark.position, mark.position + 1024)) ?? []
  return alreadySet(mark.line + 1, double ?? single ?? plain)
}

function parsedJson(text: string): { value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return { value }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function worded({ reason, mark }: YAMLException): string {
  // Absent where the whole text is at fault.
  return (mark as typeof mark | undefined) ? `yaml: line ${mark.line + 1}: ${reason}` : `yaml: ${reason}`
}
