import type { ResourceQuestion } from './rules'

/** `resource/subresource.group`, as `kubectl auth can-i` writes it. */
export function resourceText({
  group,
  resource,
  subresource,
}: Pick<ResourceQuestion, 'group' | 'resource' | 'subresource'>): string {
  return `${resource}${group === '' ? '' : `.${group}`}${subresource ? `/${subresource}` : ''}`
}

/** A question in one word of an address: `update:subresources.kubevirt.io:virtualmachines/start:web`. */
export function printQuestion({ verb, group, resource, subresource, name }: ResourceQuestion): string {
  const what = subresource ? `${resource}/${subresource}` : resource
  return [verb, group, what, ...(name ? [name] : [])].join(':')
}

const word = /^[a-z*][a-z0-9*.-]{0,252}$/

/** Reads what `printQuestion` wrote; undefined for anything else, since addresses come from anywhere. */
export function readQuestion(text: string): ResourceQuestion | undefined {
  const [verb = '', group = '', what = '', name, ...rest] = text.split(':')
  const [resource = '', subresource, ...more] = what.split('/')
  const parts = [verb, resource, ...(group === '' ? [] : [group]), ...(subresource === undefined ? [] : [subresource])]
  if (rest.length > 0 || more.length > 1 || !parts.every((part) => word.test(part))) return undefined
  if (name !== undefined && !/^[a-z0-9][a-z0-9.:-]{0,252}$/i.test(name)) return undefined
  return {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource: [subresource, ...more].join('/') }),
    ...(name === undefined ? {} : { name }),
  }
}

const refusal = /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/

/** The permission that a refusal names ("… cannot list resource "nodes" in API group "" …"); undefined where it names none. */
export function readRefusal(message: string): ResourceQuestion | undefined {
  const [, verb, what = '', group = '', namespace] = refusal.exec(message) ?? []
  if (verb === undefined) return undefined
  const question = readQuestion([verb, group, what].join(':'))
  return question && { ...question, ...(namespace ? { namespace } : {}) }
}
