import { isJsonObject } from '@/contract/json'
import { badRequest } from './refusals'

/** The types of Go that options have. */
export type OptionType = 'bool' | 'int64' | 'string' | '[]string' | 'map[string]string' | 'struct'

const fits: Readonly<Record<OptionType, (value: unknown) => boolean>> = {
  bool: (value) => typeof value === 'boolean',
  int64: (value) => typeof value === 'number' && Number.isSafeInteger(value),
  string: (value) => typeof value === 'string',
  '[]string': (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
  'map[string]string': (value) =>
    isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string'),
  struct: isJsonObject,
}

/**
 * Refuses a body whose fields are of other types than KubeVirt's options of that name have, as decoding them there
 * would. Fields it does not know are let pass, `null` is none.
 */
export function checkOptions(name: string, body: unknown, types: Readonly<Record<string, OptionType>>): void {
  if (!isJsonObject(body)) throw undecodable(`json: cannot unmarshal ${goKind(body)} into Go value of type v1.${name}`)
  for (const [field, type] of Object.entries(types)) {
    const value = body[field]
    if (value === undefined || value === null || fits[type](value)) continue
    const target = type === 'struct' ? 'v1.' + name : type
    throw undecodable(`json: cannot unmarshal ${goKind(value)} into Go struct field ${name}.${field} of type ${target}`)
  }
}

function undecodable(why: string) {
  return badRequest(`Can not unmarshal Request body to struct, error: ${why}`)
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`
  return typeof value === 'string' ? 'string' : 'object'
}
