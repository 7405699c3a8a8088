import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { configMaps, consoleToken, startTestServer, strangerToken, type TestServer } from '../testing/start-test-server'

let server: TestServer
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const reviews = '/apis/authorization.k8s.io/v1'

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const message = (answer: { json: JsonObject }) => answer.json['message']
const post = (target: string, body: unknown) => server.call('POST', target, { body })

async function allow(user: string, rules: object[]): Promise<void> {
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: user } }
  await post(`${rbac}/clusterroles`, { ...meta, kind: 'ClusterRole', rules })
  const roleRef = { kind: 'ClusterRole', name: user }
  const bound = await post(`${rbac}/clusterrolebindings`, {
    ...meta,
    kind: 'ClusterRoleBinding',
    roleRef,
    subjects: [{ kind: 'User', name: user }],
  })
  expect(bound.status).toBe(201)
}

describe('impersonation', () => {
  const selfReview = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const speak = async (headers: Record<string, string>) =>
    server.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      token: strangerToken,
      headers,
      body: selfReview,
    })

  beforeAll(() =>
    allow('stranger', [
      { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['anna'] },
      { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['dev'] },
      { verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] },
      { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'] },
      { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['uids'], resourceNames: ['u1'] },
    ]),
  )

  test('takes a rule for each thing that is claimed', async () => {
    const full = await speak({
      'Impersonate-User': 'anna',
      'Impersonate-Group': 'dev',
      'Impersonate-Uid': 'u1',
      'Impersonate-Extra-Scopes': 'read',
    })
    expect(full.json['status']).toEqual({
      userInfo: { username: 'anna', uid: 'u1', groups: ['dev', 'system:authenticated'], extra: { scopes: ['read'] } },
    })
    const refused = async (headers: Record<string, string>) =>
      message(await speak({ 'Impersonate-User': 'anna', ...headers }))
    expect(await refused({ 'Impersonate-User': 'ben' })).toBe(
      'users "ben" is forbidden: User "stranger" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
    expect(await refused({ 'Impersonate-Group': 'system:masters' })).toBe(
      'groups "system:masters" is forbidden: User "stranger" cannot impersonate resource "groups" in API group "" at the cluster scope',
    )
    expect(await refused({ 'Impersonate-Extra-Other': 'x' })).toBe(
      'userextras.authentication.k8s.io "x" is forbidden: User "stranger" cannot impersonate resource "userextras/other" in API group "authentication.k8s.io" at the cluster scope',
    )
    expect(await refused({ 'Impersonate-Uid': 'u2' })).toMatch(/^uids.authentication.k8s.io "u2" is forbidden/)
  })

  test('of a service account brings its groups', async () => {
    const spoken = await speak({ 'Impersonate-User': 'system:serviceaccount:team:bot' })
    expect(spoken.json['status']).toEqual({
      userInfo: {
        username: 'system:serviceaccount:team:bot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      },
    })
  })

  test('of groups alone is nothing', async () => {
    expect((await speak({ 'Impersonate-Group': 'dev' })).status).toBe(500)
  })

  test('of someone who may impersonate gives no right to go on', async () => {
    const headers = { 'Impersonate-User': 'system:anonymous' }
    const spoken = await server.call('GET', configMaps, { token: consoleToken, headers })
    expect(message(spoken)).toMatch(/User "system:anonymous" cannot list/)
  })
})

describe('access reviews', () => {
  beforeAll(() =>
    allow('reader', [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] },
      { verbs: ['get'], nonResourceURLs: ['/metrics'] },
    ]),
  )
  const ask = async (kind: string, spec: object, at = reviews) =>
    post(`${at}/${kind.toLowerCase()}s`, { apiVersion: 'authorization.k8s.io/v1', kind, spec })

  test('answer for others, with the reason', async () => {
    const pods = { verb: 'list', resource: 'pods', namespace: 'team' }
    const yes = await ask('SubjectAccessReview', { user: 'reader', resourceAttributes: pods })
    expect(yes.json['status']).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "reader" of ClusterRole "reader" to User "reader"',
    })
    const no = await ask('SubjectAccessReview', { user: 'reader', resourceAttributes: { ...pods, verb: 'delete' } })
    expect(no.json['status']).toEqual({ allowed: false })
    const path = { path: '/metrics', verb: 'get' }
    const allowed = await ask('SubjectAccessReview', { user: 'reader', nonResourceAttributes: path })
    expect(allowed.json['status']).toMatchObject({ allowed: true })
    const group = await ask('SubjectAccessReview', { groups: ['system:masters'], resourceAttributes: pods })
    expect(group.json['status']).toEqual({ allowed: true })
  })

  test('refuse questions that make no sense', async () => {
    expect(message(await ask('SubjectAccessReview', { resourceAttributes: { verb: 'get', resource: 'pods' } }))).toBe(
      'SubjectAccessReview.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
    )
    expect(message(await ask('SelfSubjectAccessReview', {}))).toContain(
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
    const other = { verb: 'get', resource: 'pods', namespace: 'other' }
    const local = await ask(
      'LocalSubjectAccessReview',
      { user: 'x', resourceAttributes: other },
      `${reviews}/namespaces/team`,
    )
    expect(message(local)).toContain(
      'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    )
  })

  test('list what one may do', async () => {
    const answer = await server.call('POST', `${reviews}/selfsubjectrulesreviews`, {
      token: consoleToken,
      headers: { 'Impersonate-User': 'reader' },
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: 'default' } },
    })
    expect(answer.json['status']).toMatchObject({ incomplete: false })
    const text = JSON.stringify(answer.json['status'])
    expect(text).toContain('{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","pods/log"]}')
    expect(text).toContain('{"verbs":["get"],"nonResourceURLs":["/metrics"]}')
    expect(text).toContain('selfsubjectaccessreviews')
  })

  test('a list of the one object of a name is about that object', async () => {
    await allow('named', [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'] },
    ])
    const list = (query: string) =>
      server.call('GET', `${configMaps}${query}`, { token: consoleToken, headers: { 'Impersonate-User': 'named' } })
    expect((await list('?fieldSelector=metadata.name%3Dmine')).status).toBe(200)
    expect((await list('?fieldSelector=metadata.name%3Dother')).status).toBe(403)
    expect((await list('?fieldSelector=metadata.name!%3Dmine')).status).toBe(403)
    expect((await list('')).status).toBe(403)
  })
})
