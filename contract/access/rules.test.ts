import { describe, expect, it } from 'vitest'
import { abilityAreas, decideAbility } from './abilities'
import { bindCommand, buildAccessRequest, printAccessRequest } from './ask-for-access'
import { printQuestion, readQuestion, readRefusal, resourceText } from './question-text'
import {
  type AccessRules,
  decideAccess,
  decidePathAccess,
  namesAllowed,
  type ResourceQuestion,
  type ResourceRule,
  readAccessRules,
} from './rules'
import { namespaceOfUser, namespacesMentioned, worksWith } from './workplaces'

const rules = (...resourceRules: ResourceRule[]): AccessRules => ({
  resourceRules,
  nonResourceRules: [],
  incomplete: false,
})
const start: ResourceQuestion = {
  verb: 'update',
  group: 'subresources.kubevirt.io',
  resource: 'virtualmachines',
  subresource: 'start',
}

describe('rules', () => {
  it.each<[string, ResourceRule, Partial<ResourceQuestion>, 'yes' | 'no']>([
    ['of the very thing', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, {}, 'yes'],
    ['with stars', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, {}, 'yes'],
    ['of another verb', { verbs: ['list'], apiGroups: [''], resources: ['pods'] }, {}, 'no'],
    ['of another group', { verbs: ['get'], apiGroups: ['apps'], resources: ['pods'] }, {}, 'no'],
    ['of no group', { verbs: ['get'], resources: ['pods'] }, {}, 'no'],
    [
      'of the object, for its subresource',
      { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      { subresource: 'log' },
      'no',
    ],
    ['of the subresource', { verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, { subresource: 'log' }, 'yes'],
    ['of the subresource, for the object', { verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, {}, 'no'],
    [
      'of that subresource of anything',
      { verbs: ['get'], apiGroups: [''], resources: ['*/log'] },
      { subresource: 'log' },
      'yes',
    ],
    ['of all, for a subresource', { verbs: ['get'], apiGroups: [''], resources: ['*'] }, { subresource: 'log' }, 'yes'],
    [
      'of a star after the slash, which means nothing',
      { verbs: ['get'], apiGroups: [''], resources: ['pods/*'] },
      { subresource: 'log' },
      'no',
    ],
    [
      'of this name',
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
      { name: 'a' },
      'yes',
    ],
    [
      'of another name',
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
      { name: 'b' },
      'no',
    ],
    ['of a name, for all', { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, {}, 'no'],
    [
      'of no name in particular',
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [] },
      { name: 'b' },
      'yes',
    ],
  ])('%s', (_name, rule, more, answer) => {
    expect(decideAccess(rules(rule), { verb: 'get', group: '', resource: 'pods', ...more })).toBe(answer)
  })

  it('say no only when they are all there is', () => {
    expect(decideAccess({ ...rules(), incomplete: true }, start)).toBe('unknown')
    expect(decideAccess(rules(), start)).toBe('no')
  })

  it('of paths end in a star or are whole', () => {
    const paths: AccessRules = {
      ...rules(),
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] }],
    }
    expect(decidePathAccess(paths, { verb: 'get', path: '/healthz' })).toBe('yes')
    expect(decidePathAccess(paths, { verb: 'get', path: '/healthz/etcd' })).toBe('no')
    expect(decidePathAccess(paths, { verb: 'get', path: '/apis/apps' })).toBe('yes')
    expect(decidePathAccess(paths, { verb: 'post', path: '/apis/apps' })).toBe('no')
  })

  it('tell the names to which they are restricted', () => {
    const some = rules(
      { verbs: ['get'], apiGroups: [''], resources: ['namespaces'], resourceNames: ['b', 'a'] },
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['x'] },
    )
    expect(namespacesMentioned(some)).toEqual(['a', 'b'])
    expect(namesAllowed(some, { verb: 'delete', group: '', resource: 'secrets' })).toEqual([])
  })

  it('are read from whatever a server wrote', () => {
    expect(readAccessRules(null)).toEqual({ resourceRules: [], nonResourceRules: [], incomplete: false })
    expect(
      readAccessRules({
        resourceRules: [{ verbs: ['get', 1], apiGroups: null }, 'x'],
        incomplete: true,
        evaluationError: 'webhook',
      }),
    ).toEqual({
      resourceRules: [{ verbs: ['get'], apiGroups: [], resources: [], resourceNames: [] }],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'webhook',
    })
  })
})

describe('a namespace', () => {
  it('is one to work in when one sees machines, disks or pods there', () => {
    expect(worksWith(rules({ verbs: ['list'], apiGroups: ['kubevirt.io'], resources: ['virtualmachines'] }))).toBe(
      'yes',
    )
    expect(worksWith(rules({ verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['*'] }))).toBe('no')
    expect(worksWith({ ...rules(), incomplete: true })).toBe('unknown')
  })

  it('is in the name of a ServiceAccount', () => {
    expect(namespaceOfUser('system:serviceaccount:lab:ci')).toBe('lab')
    expect(namespaceOfUser('ada')).toBeUndefined()
  })
})

describe('a permission in words', () => {
  it('survives an address', () => {
    for (const question of [start, { verb: 'get', group: '', resource: 'secrets', name: 'web-cloudinit' }]) {
      expect(readQuestion(printQuestion(question))).toEqual(question)
    }
    expect(resourceText(start)).toBe('virtualmachines.subresources.kubevirt.io/start')
  })

  it.each(['', 'get', 'get::', 'get:<b>:pods', 'get::pods/a/b/c', 'get::pods:a:b', 'get::pods:a b'])(
    'is not read from %j',
    (text) => expect(readQuestion(text)).toBeUndefined(),
  )

  it('is found in a refusal of the API', () => {
    expect(
      readRefusal(
        'nodes is forbidden: User "ada" cannot list resource "nodes" in API group "" at the cluster scope: no rule',
      ),
    ).toEqual({ verb: 'list', group: '', resource: 'nodes' })
    expect(
      readRefusal(
        'virtualmachines.subresources.kubevirt.io "web" is forbidden: User "ada" cannot update resource "virtualmachines/start" in API group "subresources.kubevirt.io" in the namespace "lab"',
      ),
    ).toEqual({ ...start, namespace: 'lab' })
    expect(readRefusal('the quota is used up')).toBeUndefined()
  })
})

describe('an ability', () => {
  const power = abilityAreas[0]?.abilities.find(({ id }) => id === 'machines.power')
  if (!power) throw new Error('no such ability')

  it('is there wholly, partly or not at all, and tells what is missing', () => {
    expect(decideAbility(rules({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }), power).answer).toBe('yes')
    expect(decideAbility(rules(), power)).toMatchObject({ answer: 'no', missing: power.needs })
    const some = rules({
      verbs: ['update'],
      apiGroups: ['subresources.kubevirt.io'],
      resources: ['virtualmachines/start'],
    })
    const { answer, missing } = decideAbility(some, power)
    expect(answer).toBe('partly')
    expect(missing).toHaveLength(power.needs.length - 1)
  })

  it('has a name of its own', () => {
    const ids = abilityAreas.flatMap(({ abilities }) => abilities.map(({ id }) => id))
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('a request for permissions', () => {
  const questions: ResourceQuestion[] = [
    start,
    { ...start, subresource: 'stop' },
    { verb: 'get', group: '', resource: 'secrets', name: 'web' },
    { verb: 'list', group: '', resource: 'pods' },
    { verb: 'get', group: '', resource: 'pods' },
  ]

  it('is exactly what is missing, with as few rules as that takes', () => {
    const [role, binding] = buildAccessRequest({ namespace: 'lab', user: 'Ada <ada@lab>', questions })
    expect(role).toMatchObject({
      kind: 'Role',
      metadata: { name: 'chiave-ada-ada-lab', namespace: 'lab' },
      rules: [
        {
          apiGroups: ['subresources.kubevirt.io'],
          resources: ['virtualmachines/start', 'virtualmachines/stop'],
          verbs: ['update'],
        },
        { apiGroups: [''], resources: ['secrets'], resourceNames: ['web'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['list', 'get'] },
      ],
    })
    expect(binding).toMatchObject({ kind: 'RoleBinding', subjects: [{ kind: 'User', name: 'Ada <ada@lab>' }] })
    // Granted, it answers every question with yes.
    const granted = rules(...(role.rules ?? []))
    expect(questions.map((question) => decideAccess(granted, question))).toEqual(questions.map(() => 'yes'))
  })

  it('without a namespace is for the whole cluster', () => {
    const text = printAccessRequest({ user: 'system:serviceaccount:lab:ci', questions: [start] })
    expect(text).toContain('kind: ClusterRoleBinding')
    expect(text).toContain('kind: ServiceAccount')
  })

  it('takes nothing of a name as a command', () => {
    expect(bindCommand({ namespace: 'lab', user: "a'; rm -rf /", role: 'edit' })).toBe(
      `kubectl create rolebinding chiave-a-rm-rf-edit --clusterrole=edit --user='a'\\''; rm -rf /' --namespace=lab`,
    )
  })
})
