/** Label and field selectors, as they stand in a query (Kubernetes documentation, "Labels and Selectors", "Field Selectors"). */

export type Labels = Readonly<Record<string, string>>

export interface LabelRequirement {
  key: string
  operator: 'in' | 'not-in' | 'exists' | 'absent' | 'greater' | 'less'
  values: readonly string[]
}

export interface FieldRequirement {
  /** e.g. `metadata.name`, `status.phase`. */
  path: string
  equal: boolean
  value: string
}

/** The text is no selector. The message is for people. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SelectorError'
  }
}

const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

export function isLabelKey(key: string): boolean {
  return key.length <= 317 && labelKey.test(key)
}

export function isLabelValue(value: string): boolean {
  return labelValue.test(value)
}

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Empty text selects everything. Throws a SelectorError. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return splitOutsideParentheses(text).map(parseLabelRequirement)
}

function parseLabelRequirement(text: string): LabelRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text)
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return checked({ key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'not-in', values }, text)
  }
  if (/^!\s*[^=\s]+$/.test(text)) return checked({ key: text.slice(1).trim(), operator: 'absent', values: [] }, text)
  const compare = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/.exec(text)
  if (compare) {
    const [, key = '', sign = '', value = ''] = compare
    const operator = sign === '!=' ? 'not-in' : sign === '>' ? 'greater' : sign === '<' ? 'less' : 'in'
    return checked({ key, operator, values: [value] }, text)
  }
  return checked({ key: text, operator: 'exists', values: [] }, text)
}

function checked(requirement: LabelRequirement, text: string): LabelRequirement {
  if (!isLabelKey(requirement.key)) {
    throw new SelectorError(`unable to parse requirement: key: Invalid value: "${requirement.key || text}"`)
  }
  for (const value of requirement.values) {
    if (!isLabelValue(value)) {
      throw new SelectorError(`unable to parse requirement: values[0][${requirement.key}]: Invalid value: "${value}"`)
    }
    if ((requirement.operator === 'greater' || requirement.operator === 'less') && !/^-?\d+$/.test(value)) {
      throw new SelectorError(`unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer`)
    }
  }
  return requirement
}

/** Parses `metadata.name=x,status.phase!=Running`. Throws a SelectorError. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitOutsideParentheses(text).map((part) => {
    const found = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(part)
    if (!found) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`)
    return { path: found[1] ?? '', equal: found[2] !== '!=', value: (found[3] ?? '').replace(/\\([\\,=])/g, '$1') }
  })
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\\') {
      part += character + text.charAt(++index)
      continue
    }
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  if (depth !== 0) throw new SelectorError(`unable to parse requirement: unbalanced parentheses in '${text}'`)
  parts.push(part)
  return parts.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

/** Whether labels meet all requirements; `!=` and `notin` are met by a missing label too. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels | undefined): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'exists':
        return value !== undefined
      case 'absent':
        return value === undefined
      case 'in':
        return value !== undefined && values.includes(value)
      case 'not-in':
        return value === undefined || !values.includes(value)
      case 'greater':
        return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0])
      case 'less':
        return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0])
    }
  })
}

/** Whether fields meet all requirements; `read` gives a field's text, the empty one for a missing field. */
export function matchesFields(requirements: readonly FieldRequirement[], read: (path: string) => string): boolean {
  return requirements.every(({ path, equal, value }) => (read(path) === value) === equal)
}
