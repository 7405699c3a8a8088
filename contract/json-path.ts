/**
 * The part of JSONPath that printer columns and selectable fields use (Kubernetes documentation, "JSONPath Support"):
 * `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[*]` and filters such as `[?(@.type=="Ready")]`.
 */

type Step =
  | { type: 'field'; name: string }
  | { type: 'index'; index: number }
  | { type: 'all' }
  | { type: 'filter'; path: readonly Step[]; operator: string; literal: string | number | boolean | null | undefined }

export type JsonPath = readonly Step[]

/** The text is no JSONPath that we know. */
export class JsonPathError extends Error {
  constructor(text: string) {
    super(`unrecognized JSONPath: ${text}`)
    this.name = 'JsonPathError'
  }
}

/** Parses a path with or without surrounding braces. Throws a JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  const trimmed = text.trim()
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1) : trimmed
  return parseSteps(inner.replace(/^\$/, ''), text)
}

function parseSteps(path: string, whole: string): Step[] {
  const steps: Step[] = []
  let rest = path
  while (rest !== '') {
    const field = /^\.?((?:\\.|[^.[\]\\\s!<>=~?()'"])+)/.exec(rest)
    if (rest.startsWith('[')) {
      const end = closingBracket(rest)
      if (end < 0) throw new JsonPathError(whole)
      steps.push(parseBracket(rest.slice(1, end).trim(), whole))
      rest = rest.slice(end + 1)
    } else if (field?.[1] !== undefined) {
      const name = field[1].replace(/\\(.)/g, '$1')
      steps.push(name === '*' ? { type: 'all' } : { type: 'field', name })
      rest = rest.slice(field[0].length)
    } else if (/^\.(?=\[|$)/.test(rest)) {
      rest = rest.slice(1)
    } else throw new JsonPathError(whole)
  }
  return steps
}

function closingBracket(text: string): number {
  let quote = ''
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (quote) quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '[') depth++
    else if (character === ']' && --depth === 0) return index
  }
  return -1
}

function parseBracket(inner: string, whole: string): Step {
  if (inner === '*') return { type: 'all' }
  if (/^-?\d+$/.test(inner)) return { type: 'index', index: Number(inner) }
  const quoted = /^(['"])(.*)\1$/.exec(inner)
  if (quoted) return { type: 'field', name: quoted[2] ?? '' }
  const filter = /^\?\s*\(\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)$/.exec(inner)
  if (!filter) throw new JsonPathError(whole)
  return {
    type: 'filter',
    path: parseSteps(filter[1] ?? '', whole),
    operator: filter[2] ?? 'exists',
    literal: filter[3] === undefined ? undefined : parseLiteral(filter[3], whole),
  }
}

function parseLiteral(text: string, whole: string): string | number | boolean | null {
  const quoted = /^(['"])(.*)\1$/.exec(text)
  if (quoted) return quoted[2] ?? ''
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new JsonPathError(whole)
}

/** All values the path leads to, in order; none where something on the way is missing. */
export function evaluateJsonPath(path: JsonPath, value: unknown): unknown[] {
  let values: unknown[] = [value]
  for (const step of path) values = values.flatMap((current) => take(step, current))
  return values
}

function take(step: Step, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  switch (step.type) {
    case 'field':
      return readField(value, step.name)
    case 'index':
      return Array.isArray(value) ? value.slice(step.index, step.index === -1 ? undefined : step.index + 1) : []
    case 'all':
      return Array.isArray(value) ? value : Object.values(value)
    case 'filter':
      return Array.isArray(value) ? value.filter((entry) => passes(step, entry)) : []
  }
}

function readField(value: object, name: string): unknown[] {
  if (!Object.hasOwn(value, name)) return []
  // Own and present: an index by name is what a JSON object offers.
  const found = (value as Record<string, unknown>)[name]
  return found === undefined || found === null ? [] : [found]
}

function passes({ path, operator, literal }: Extract<Step, { type: 'filter' }>, entry: unknown): boolean {
  const found = evaluateJsonPath(path, entry)[0]
  if (operator === 'exists') return found !== undefined
  if (operator === '==') return found === literal
  if (operator === '!=') return found !== undefined && found !== literal
  if (typeof found !== typeof literal || found === undefined || literal === undefined || literal === null) return false
  // Same type and neither missing: strings and numbers compare as their own order says.
  const [left, right] = [found as string | number, literal as string | number]
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}
