import { isJsonObject } from '@/contract/json'
import { type FieldError } from '../errors/status-error'
import { typeOf } from './validate-value'
import { typeError } from './value-checks'

const texts = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'] as const
const maps = ['labels', 'annotations'] as const

/** What is wrong with the types of fields in the metadata of an object inside an object. */
export function metadataErrorsBelow(metadata: unknown, path: string): FieldError[] {
  if (metadata === undefined || metadata === null) return []
  const wrong = (field: string, wanted: string, value: unknown): FieldError =>
    typeError(`${path}${field}`, { wanted, found: typeOf(value) })
  if (!isJsonObject(metadata)) return [wrong('', 'object', metadata)]
  const errors: FieldError[] = []
  for (const name of texts) {
    const value = metadata[name]
    if (value !== undefined && value !== null && typeof value !== 'string')
      errors.push(wrong(`.${name}`, 'string', value))
  }
  for (const name of maps) {
    const value = metadata[name]
    if (value === undefined || value === null) continue
    if (!isJsonObject(value)) errors.push(wrong(`.${name}`, 'object', value))
    else {
      for (const [key, entry] of Object.entries(value)) {
        if (typeof entry !== 'string') errors.push(wrong(`.${name}.${key}`, 'string', entry))
      }
    }
  }
  return errors
}
