import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PolicyRule } from '@/contract/kinds/rbac'
import {
  configMap,
  consoleToken,
  startTestServer,
  type TestServer,
  virtualMachine,
} from '../../testing/start-test-server'

const root = '/apis/rbac.authorization.k8s.io/v1'
let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

/** A call as some person, whom the console speaks for. */
function as(user: string, ...groups: string[]) {
  return (method: string, target: string, body?: unknown) =>
    server.call(method, target, {
      token: consoleToken,
      headers: { 'Impersonate-User': user, ...(groups[0] ? { 'Impersonate-Group': groups[0] } : {}) },
      ...(body === undefined ? {} : { body }),
    })
}

const message = (answer: { json: Record<string, unknown> }) => answer.json['message']
const admin = (method: string, target: string, body?: unknown) =>
  server.call(method, target, body === undefined ? {} : { body })

async function namespace(name: string): Promise<void> {
  expect(
    (await admin('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })).status,
  ).toBe(201)
}

const meta = (name: string, extra: object = {}) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  metadata: { name, ...extra },
})
const role = (name: string, rules: PolicyRule[]) => ({ ...meta(name), kind: 'Role', rules })
const clusterRole = (name: string, rules: PolicyRule[], labels: Record<string, string> = {}) => ({
  ...meta(name, { labels }),
  kind: 'ClusterRole',
  rules,
})
const binding = (name: string, kind: string, roleName: string, subjects: object[]) => ({
  ...meta(name),
  kind: 'RoleBinding',
  roleRef: { kind, name: roleName },
  subjects,
})
const person = (name: string) => ({ kind: 'User', name })
const roles = (space: string) => `${root}/namespaces/${space}/roles`
const bindings = (space: string) => `${root}/namespaces/${space}/rolebindings`
const readPods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }

describe('a person of one namespace', () => {
  beforeAll(async () => {
    await namespace('team')
    expect(
      (await admin('POST', bindings('team'), binding('anna', 'ClusterRole', 'edit', [person('anna')]))).status,
    ).toBe(201)
  })
  const anna = as('anna')

  test('works in it, with machines too, and nowhere else', async () => {
    expect((await anna('POST', '/api/v1/namespaces/team/configmaps', configMap('c'))).status).toBe(201)
    const machines = (space: string) => `/apis/kubevirt.io/v1/namespaces/${space}/virtualmachines`
    expect((await anna('POST', machines('team'), virtualMachine('vm'))).status).toBe(201)
    expect((await anna('GET', machines('team'))).status).toBe(200)
    expect((await anna('GET', '/api/v1/namespaces/team')).status).toBe(200)
    expect(message(await anna('GET', machines('default')))).toBe(
      'virtualmachines.kubevirt.io is forbidden: User "anna" cannot list resource "virtualmachines" in API group "kubevirt.io" in the namespace "default"',
    )
    expect(message(await anna('GET', '/api/v1/pods'))).toBe(
      'pods is forbidden: User "anna" cannot list resource "pods" in API group "" at the cluster scope',
    )
    expect((await anna('GET', '/apis/kubevirt.io/v1/namespaces/team/kubevirts')).status).toBe(200)
    expect((await anna('GET', '/apis')).status).toBe(200)
  })

  test('cannot hand out more than that', async () => {
    // `edit` may not write roles at all; an admin of the namespace may, within their own rights.
    expect((await anna('POST', roles('team'), role('r', [readPods]))).status).toBe(403)
    await admin('POST', bindings('team'), binding('ben', 'ClusterRole', 'admin', [person('ben')]))
    const ben = as('ben')
    expect((await ben('POST', roles('team'), role('pods', [readPods]))).status).toBe(201)
    const tooMuch = role('nodes', [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['nodes', 'pods'] },
      { verbs: ['delete'], apiGroups: [''], resources: ['nodes'] },
    ])
    expect(message(await ben('POST', roles('team'), tooMuch))).toBe(
      'roles.rbac.authorization.k8s.io "nodes" is forbidden: user "ben" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list" "delete"]}',
    )
    expect((await ben('POST', bindings('team'), binding('view', 'ClusterRole', 'view', [person('x')]))).status).toBe(
      201,
    )
    const cluster = binding('all', 'ClusterRole', 'cluster-admin', [person('ben')])
    expect(message(await ben('POST', bindings('team'), cluster))).toMatch(
      /^rolebindings.rbac.authorization.k8s.io "all" is forbidden: user "ben" .* not currently held:\n\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}\n\{NonResourceURLs:\["\*"\], Verbs:\["\*"\]\}$/,
    )
    const unknown = binding('none', 'ClusterRole', 'missing', [person('ben')])
    expect(message(await ben('POST', bindings('team'), unknown))).toBe(
      'clusterroles.rbac.authorization.k8s.io "missing" not found',
    )
  })

  test('may bind and escalate with the verbs for it', async () => {
    const rules: PolicyRule[] = [
      { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
      {
        verbs: ['bind'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['view'],
      },
    ]
    await admin('POST', roles('team'), role('binder', rules))
    await admin('POST', bindings('team'), binding('carl', 'Role', 'binder', [person('carl')]))
    const carl = as('carl')
    expect((await carl('POST', bindings('team'), binding('v2', 'ClusterRole', 'view', [person('y')]))).status).toBe(201)
    expect((await carl('POST', bindings('team'), binding('e2', 'ClusterRole', 'edit', [person('y')]))).status).toBe(403)
    expect((await carl('POST', roles('team'), role('any', [readPods]))).status).toBe(201)
  })

  test('loses the right with the next request', async () => {
    await admin('POST', bindings('team'), binding('dora', 'ClusterRole', 'view', [person('dora')]))
    const dora = as('dora')
    expect((await dora('GET', '/api/v1/namespaces/team/configmaps')).status).toBe(200)
    await admin('DELETE', `${bindings('team')}/dora`)
    expect((await dora('GET', '/api/v1/namespaces/team/configmaps')).status).toBe(403)
  })

  test('is told when a role that would count is missing', async () => {
    await admin('POST', bindings('team'), binding('eve', 'Role', 'gone', [person('eve')]))
    expect(message(await as('eve')('GET', '/api/v1/namespaces/team/pods'))).toBe(
      'pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "team": RBAC: role.rbac.authorization.k8s.io "gone" not found',
    )
  })
})

describe('roles and bindings', () => {
  test('are checked in the known words', async () => {
    const bad = role('bad', [{ verbs: [], apiGroups: [''], resources: ['pods'] }])
    expect(message(await admin('POST', roles('default'), bad))).toBe(
      'Role.rbac.authorization.k8s.io "bad" is invalid: rules[0].verbs: Required value: verbs must contain at least one value',
    )
    const paths = role('paths', [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }])
    expect(message(await admin('POST', roles('default'), paths))).toContain(
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
    )
    const subject = binding('s', 'ClusterRole', 'view', [{ kind: 'Robot', name: 'r' }])
    expect(message(await admin('POST', bindings('default'), subject))).toContain(
      'subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
    )
    const named = await admin('POST', bindings('default'), binding('a:b@c', 'ClusterRole', 'view', [person('p')]))
    expect(named.json['subjects']).toEqual([{ kind: 'User', name: 'p', apiGroup: 'rbac.authorization.k8s.io' }])
    const moved = { ...binding('a:b@c', 'ClusterRole', 'edit', [person('p')]) }
    expect(message(await admin('PUT', `${bindings('default')}/a:b@c`, moved))).toMatch(
      /roleRef: Invalid value: .*: cannot change roleRef/,
    )
  })

  test('are listed as kubectl prints them', async () => {
    const table = await server.call('GET', `${root}/clusterrolebindings/cluster-admin`, {
      headers: { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
    })
    expect(table.json['rows']).toMatchObject([
      { cells: ['cluster-admin', 'ClusterRole/cluster-admin', expect.any(String), '', 'system:masters', ''] },
    ])
  })

  test('of service accounts and groups count', async () => {
    await namespace('bots')
    await admin(
      'POST',
      bindings('bots'),
      binding('sa', 'ClusterRole', 'view', [{ kind: 'ServiceAccount', name: 'bot', namespace: 'bots' }]),
    )
    await admin('POST', bindings('bots'), binding('ops', 'ClusterRole', 'view', [{ kind: 'Group', name: 'ops' }]))
    const target = '/api/v1/namespaces/bots/configmaps'
    expect((await as('system:serviceaccount:bots:bot')('GET', target)).status).toBe(200)
    expect((await as('system:serviceaccount:other:bot')('GET', target)).status).toBe(403)
    expect((await as('f', 'ops')('GET', target)).status).toBe(200)
    expect((await as('f', 'dev')('GET', target)).status).toBe(403)
  })
})

describe('aggregated roles', () => {
  const ruleTexts = async (name: string) =>
    JSON.stringify((await admin('GET', `${root}/clusterroles/${name}`)).json['rules'])

  test('hold the rules of all they select, through several steps, and lose them again', async () => {
    for (const name of ['admin', 'edit', 'view']) expect(await ruleTexts(name)).toContain('virtualmachines')
    expect(await ruleTexts('view')).not.toContain('"virtualmachineinstances/console"')
    expect(await ruleTexts('edit')).toContain('"virtualmachineinstances/console"')
    const widget = clusterRole('widget-view', [{ verbs: ['get'], apiGroups: ['w'], resources: ['widgets'] }], {
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
    })
    await admin('POST', `${root}/clusterroles`, widget)
    for (const name of ['admin', 'edit', 'view']) await expect.poll(() => ruleTexts(name)).toContain('widgets')
    await admin('DELETE', `${root}/clusterroles/widget-view`)
    for (const name of ['admin', 'edit', 'view']) await expect.poll(() => ruleTexts(name)).not.toContain('widgets')
  })
})

describe('default roles', () => {
  test('get back what they lost at the next start, unless told not to, and keep what was added', async () => {
    const first = await startTestServer()
    const patch = (target: string, body: unknown) =>
      first.call('PATCH', target, { body, headers: { 'Content-Type': 'application/merge-patch+json' } })
    await patch(`${root}/clusterroles/system:basic-user`, {
      rules: [{ verbs: ['get'], apiGroups: ['x'], resources: ['y'] }],
    })
    await patch(`${root}/clusterroles/system:auth-delegator`, {
      rules: [],
      metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
    })
    await first.call('DELETE', `${root}/clusterrolebindings/system:discovery`)
    await first.close({ keep: true })
    const second = await startTestServer({ directory: first.directory })
    try {
      const rules = async (name: string) =>
        JSON.stringify((await second.call('GET', `${root}/clusterroles/${name}`)).json['rules'])
      expect(await rules('system:basic-user')).toMatch(/"x".*selfsubjectreviews/)
      expect(await rules('system:auth-delegator')).toBe('[]')
      expect((await second.call('GET', `${root}/clusterrolebindings/system:discovery`)).status).toBe(200)
    } finally {
      await second.close()
    }
  })
})
