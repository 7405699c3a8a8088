import type { JsonObject } from '../json'
import { objectAt, textAt } from '../json-fields'

export const instanceTypeGroup = 'instancetype.kubevirt.io'

export interface MatchedObject {
  /** Plural name of the kind, as `virtualmachineclusterinstancetypes`. */
  plural: string
  namespaced: boolean
  name: string
}

const matchers = {
  instancetype: { words: 'InstancetypeMatcher', noun: 'instancetype' },
  preference: { words: 'PreferenceMatcher', noun: 'preference' },
} as const

/**
 * What a VirtualMachine's spec names as its type or preference: undefined where it names none (yet), a text in KubeVirt's
 * words where it names a kind that is none.
 */
export function matchedObject(spec: JsonObject, field: keyof typeof matchers): MatchedObject | string | undefined {
  const matcher = objectAt(spec, field)
  const name = textAt(matcher, 'name')
  if (name === '') return undefined
  const { noun, words } = matchers[field]
  const kind = textAt(matcher, 'kind')
  const given = kind.toLowerCase().replace(/s$/, '')
  if (given === `virtualmachine${noun}`) return { plural: `virtualmachine${noun}s`, namespaced: true, name }
  if (given === '' || given === `virtualmachinecluster${noun}`) {
    return { plural: `virtualmachinecluster${noun}s`, namespaced: false, name }
  }
  return `got unexpected kind in ${words}: ${kind}`
}
