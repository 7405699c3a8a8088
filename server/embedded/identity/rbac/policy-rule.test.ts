import { describe, expect, test } from 'vitest'
import type { PolicyRule } from '@/contract/kinds/rbac'
import type { Attributes } from '../authorize'
import { compactRules, describeRule, missingRules } from './covers'
import { compileRules } from './policy-rule'

const user = { name: 'u', groups: [] }

/** `verb group/resource/subresource name` or `verb /path`, as attributes. */
function asked(text: string): Attributes {
  const [verb = '', what = '', name = ''] = text.split(' ')
  if (what.startsWith('/')) return { type: 'path', user, verb, path: what }
  const [group = '', resource = '', subresource = ''] = what.split(':')
  return { type: 'resource', user, verb, group, version: 'v1', resource, subresource, namespace: 'n', name }
}

const rule = (verbs: string, apiGroups: string, resources: string, resourceNames?: string): PolicyRule => ({
  verbs: verbs.split(','),
  apiGroups: apiGroups.split(','),
  resources: resources.split(','),
  ...(resourceNames ? { resourceNames: resourceNames.split(',') } : {}),
})
const paths = (verbs: string, ...nonResourceURLs: string[]): PolicyRule => ({
  verbs: verbs.split(','),
  nonResourceURLs,
})

describe('a rule allows', () => {
  const cases: [PolicyRule, string[], string[]][] = [
    [
      rule('get,list', '', 'pods'),
      ['get :pods', 'list :pods'],
      ['watch :pods', 'get apps:pods', 'get :pods:log', 'get /pods'],
    ],
    [rule('*', 'apps', '*'), ['delete apps:x', 'get apps:x:status'], ['get :x', 'get batch:x']],
    [
      rule('get', '*', 'pods/log'),
      ['get :pods:log', 'get a:pods:log'],
      ['get :pods', 'get :jobs:log', 'get :pods:exec'],
    ],
    [rule('update', 'x', '*/scale'), ['update x:a:scale', 'update x:b:scale'], ['update x:a', 'update x:a:status']],
    [rule('get', 'x', 'a/b/c'), ['get x:a:b/c'], ['get x:a:b']],
    [
      rule('get,create', '', 'secrets', 'one,two'),
      ['get :secrets one', 'get :secrets two'],
      ['get :secrets three', 'create :secrets', 'list :secrets'],
    ],
    [
      paths('get', '/healthz', '/api/*'),
      ['get /healthz', 'get /api/v1', 'get /api/'],
      ['get /healthz/ping', 'get /api', 'post /healthz'],
    ],
    [paths('*', '*'), ['get /', 'delete /anything/at/all'], ['get :pods']],
    [rule('*', '*', '*'), ['get :pods', 'impersonate :users root'], ['get /healthz']],
  ]
  test.each(cases)('%j', (given, allowed, refused) => {
    const compiled = compileRules([given])
    for (const text of allowed) expect([text, compiled.allow(asked(text))]).toEqual([text, true])
    for (const text of refused) expect([text, compiled.allow(asked(text))]).toEqual([text, false])
  })
})

describe('what is missing to give something away', () => {
  const missing = (held: PolicyRule[], wanted: PolicyRule[]) =>
    compactRules(missingRules(held, wanted)).map(describeRule)

  test('is nothing when all of it is held, in one rule or several', () => {
    expect(missing([rule('*', '*', '*')], [rule('get,list', 'a,b', 'x,y/z', 'n')])).toEqual([])
    expect(missing([rule('get', 'a', 'x'), rule('list', 'a', 'x')], [rule('get,list', 'a', 'x')])).toEqual([])
    expect(missing([rule('update', 'a', '*/scale')], [rule('update', 'a', 'x/scale')])).toEqual([])
    expect(missing([paths('get', '/api/*')], [paths('get', '/api/v1', '/api/v1/*')])).toEqual([])
  })

  test('is told by verb and resource', () => {
    expect(missing([rule('get', 'a', 'x')], [rule('get,delete', 'a', 'x,y')])).toEqual([
      '{APIGroups:["a"], Resources:["x"], Verbs:["delete"]}',
      '{APIGroups:["a"], Resources:["y"], Verbs:["get" "delete"]}',
    ])
    expect(missing([rule('get', 'a', 'x', 'one')], [rule('get', 'a', 'x')])).toHaveLength(1)
    expect(missing([rule('get', 'a', 'x', 'one')], [rule('get', 'a', 'x', 'one,two')])).toEqual([
      '{APIGroups:["a"], Resources:["x"], ResourceNames:["two"], Verbs:["get"]}',
    ])
    expect(missing([rule('*', '*', '*')], [paths('get', '/metrics')])).toEqual([
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
    ])
  })
})
