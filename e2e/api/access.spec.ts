import { beforeAll, describe, expect, test } from 'vitest'
import { configMap, failure, ok, randomName, type Suite, useApi } from './support/suite'

/** Kubernetes documentation: "Using RBAC Authorization", "Authenticating", "Authorization". */
const api = useApi('access')
const { client } = api
const rbac = 'rbac.authorization.k8s.io/v1'
const maps = api.in('configmaps')

async function newAccount(suite: Suite): Promise<{ name: string; token: string; user: string }> {
  const name = randomName('sa')
  ok(
    await suite.client.create(suite.in('serviceaccounts'), {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
    }),
  )
  const request = ok(
    await suite.client.create(suite.in(`serviceaccounts/${name}/token`), {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 600 },
    }),
  )
  const { token, expirationTimestamp } = request['status'] as { token: string; expirationTimestamp: string }
  expect(token.split('.')).toHaveLength(3)
  expect(new Date(expirationTimestamp).getTime()).toBeGreaterThan(Date.now())
  return { name, token, user: `system:serviceaccount:${suite.namespace}:${name}` }
}

/** Lets a service account do something with config maps of the namespace. */
async function grant(account: string, verbs: string[], more = {}): Promise<string> {
  const name = randomName('role')
  ok(
    await client.create(api.in('roles', rbac), {
      apiVersion: rbac,
      kind: 'Role',
      metadata: { name },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs, ...more }],
    }),
  )
  ok(
    await client.create(api.in('rolebindings', rbac), {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: api.namespace }],
    }),
  )
  return name
}

const allowed = async (token: string, method: string, path: string, body?: unknown) =>
  (await client.call(method, path, { token, ...(body === undefined ? {} : { body }) })).status

describe('authentication', () => {
  test('a token that is none is refused', async () => {
    const { status, json } = await client.get(maps, { token: 'no-such-token' })
    expect(status).toBe(401)
    expect(json).toMatchObject({ ...failure(401, 'Unauthorized'), message: 'Unauthorized' })
  })

  test('one sees who one is', async (context) => {
    await api.needs(context, 'authentication.k8s.io/v1', 'selfsubjectreviews')
    const { token, user } = await newAccount(api)
    const review = ok(
      await client.create(
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        { token },
      ),
    )
    expect(review['status']).toMatchObject({
      userInfo: {
        username: user,
        groups: expect.arrayContaining([
          'system:serviceaccounts',
          `system:serviceaccounts:${api.namespace}`,
          'system:authenticated',
        ]),
      },
    })
  })

  test('a token review tells whose a token is', async (context) => {
    await api.needs(context, 'authentication.k8s.io/v1', 'tokenreviews')
    const { token, user } = await newAccount(api)
    const review = (value: string) =>
      client.create('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: value },
      })
    const good = ok(await review(token))
    expect(good['status']).toMatchObject({ authenticated: true, user: { username: user } })
    const bad = ok(await review('nonsense'))['status'] as { authenticated?: boolean }
    expect(bad.authenticated ?? false).toBe(false)
  })

  test('a token ends with its account', async () => {
    const { name, token } = await newAccount(api)
    ok(await client.delete(api.in(`serviceaccounts/${name}`)))
    await expect.poll(() => allowed(token, 'GET', maps), { timeout: 30_000 }).toBe(401)
  })

  test('a token for another audience is not for this server', async () => {
    const { name } = await newAccount(api)
    const request = ok(
      await client.create(api.in(`serviceaccounts/${name}/token`), {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: ['somebody-else'], expirationSeconds: 600 },
      }),
    )
    const { token } = request['status'] as { token: string }
    expect(await allowed(token, 'GET', maps)).toBe(401)
  })

  test('a token cannot live for less than ten minutes', async () => {
    const { name } = await newAccount(api)
    const { status, json } = await client.create(api.in(`serviceaccounts/${name}/token`), {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 5 },
    })
    expect(status).toBe(422)
    expect(json.message).toContain('may not specify a duration less than 10 minutes')
  })
})

describe('roles', () => {
  beforeAll(async () => {
    if (!(await api.serves(rbac, 'roles'))) throw new Error('RBAC is not served')
  })

  test('whoever has none may nothing, and is told in whose name', async () => {
    const { token, user } = await newAccount(api)
    const { status, json } = await client.get(maps, { token })
    expect(status).toBe(403)
    expect(json).toMatchObject({
      ...failure(403, 'Forbidden'),
      message: `configmaps is forbidden: User "${user}" cannot list resource "configmaps" in API group "" in the namespace "${api.namespace}"`,
      details: { kind: 'configmaps' },
    })
  })

  test('give what they say, where they are bound, from then on', async () => {
    const { name, token } = await newAccount(api)
    const role = await grant(name, ['get', 'list'])
    await expect.poll(() => allowed(token, 'GET', maps), { timeout: 20_000 }).toBe(200)
    expect(await allowed(token, 'POST', maps, configMap(randomName('x')))).toBe(403)
    expect(await allowed(token, 'GET', '/api/v1/configmaps')).toBe(403)
    expect(await allowed(token, 'GET', api.in('secrets'))).toBe(403)
    ok(await client.delete(api.in(`rolebindings/${role}`, rbac)))
    await expect.poll(() => allowed(token, 'GET', maps), { timeout: 20_000 }).toBe(403)
  })

  test('can be for single objects', async () => {
    const { name, token } = await newAccount(api)
    const map = randomName('one')
    ok(await client.create(maps, configMap(map)))
    await grant(name, ['get'], { resourceNames: [map] })
    await expect.poll(() => allowed(token, 'GET', `${maps}/${map}`), { timeout: 20_000 }).toBe(200)
    expect(await allowed(token, 'GET', `${maps}/kube-root-ca.crt`)).toBe(403)
  })

  test('are collected into a cluster role by its aggregation rule', async () => {
    const label = randomName('agg')
    const clusterRoles = `/apis/${rbac}/clusterroles`
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]
    for (const body of [
      { metadata: { name: `${label}-part`, labels: { [label]: 'yes' } }, rules },
      { metadata: { name: label }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'yes' } }] } },
    ]) {
      ok(await client.create(clusterRoles, { apiVersion: rbac, kind: 'ClusterRole', ...body }))
      api.cleanUp(`${clusterRoles}/${body.metadata.name}`)
    }
    await expect
      .poll(async () => ok(await client.get(`${clusterRoles}/${label}`))['rules'], { timeout: 30_000 })
      .toEqual(rules)
  })

  test('cannot be given by whoever does not have them', async () => {
    const { name, token } = await newAccount(api)
    const role = randomName('giver')
    ok(
      await client.create(api.in('roles', rbac), {
        apiVersion: rbac,
        kind: 'Role',
        metadata: { name: role },
        rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create'] }],
      }),
    )
    ok(
      await client.create(api.in('rolebindings', rbac), {
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
        subjects: [{ kind: 'ServiceAccount', name, namespace: api.namespace }],
      }),
    )
    const more = {
      apiVersion: rbac,
      kind: 'Role',
      metadata: { name: randomName('more') },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    }
    let refused = await client.create(api.in('roles', rbac), more, { token })
    await expect
      .poll(
        async () => {
          refused = await client.create(api.in('roles', rbac), more, { token })
          return refused.json.message
        },
        { timeout: 20_000 },
      )
      .toContain('is attempting to grant RBAC permissions not currently held')
    expect(refused.status).toBe(403)
  })

  test('of a binding cannot be exchanged', async () => {
    const { name } = await newAccount(api)
    const role = await grant(name, ['get'])
    const { status, json } = await client.patch(api.in(`rolebindings/${role}`, rbac), 'merge', {
      roleRef: { name: 'another' },
    })
    expect(status).toBe(422)
    expect(json.message).toContain('cannot change roleRef')
  })
})

describe('access reviews', () => {
  const review = (kind: string, spec: object, options = {}) => {
    const base = kind === 'LocalSubjectAccessReview' ? `/namespaces/${api.namespace}` : ''
    const path = `/apis/authorization.k8s.io/v1${base}/${kind.toLowerCase()}s`
    const metadata = kind === 'LocalSubjectAccessReview' ? { namespace: api.namespace } : {}
    return client.create(path, { apiVersion: 'authorization.k8s.io/v1', kind, metadata, spec }, options)
  }
  const attributes = (verb: string) => ({ namespace: api.namespace, verb, group: '', resource: 'configmaps' })

  test('tell what one may oneself', async () => {
    const { name, token } = await newAccount(api)
    await grant(name, ['get'])
    const may = async (verb: string) => {
      const answer = ok(await review('SelfSubjectAccessReview', { resourceAttributes: attributes(verb) }, { token }))
      return (answer['status'] as { allowed: boolean }).allowed
    }
    await expect.poll(() => may('get'), { timeout: 20_000 }).toBe(true)
    expect(await may('delete')).toBe(false)
  })

  test('tell what others may', async () => {
    const { name, user } = await newAccount(api)
    await grant(name, ['get'])
    for (const kind of ['SubjectAccessReview', 'LocalSubjectAccessReview']) {
      const may = async (verb: string) => {
        const answer = ok(await review(kind, { user, resourceAttributes: attributes(verb) }))
        return (answer['status'] as { allowed: boolean }).allowed
      }
      await expect.poll(() => may('get'), { timeout: 20_000 }).toBe(true)
      expect(await may('delete')).toBe(false)
    }
  })

  test('list the rules that apply in a namespace', async () => {
    const { name, token } = await newAccount(api)
    await grant(name, ['get'])
    const rules = async () => {
      const answer = ok(await review('SelfSubjectRulesReview', { namespace: api.namespace }, { token }))
      return (answer['status'] as { resourceRules: unknown[] }).resourceRules
    }
    await expect
      .poll(rules, { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }))
  })
})

test('an administrator may act as somebody else, with that one’s permissions', async () => {
  const { user } = await newAccount(api)
  const headers = { 'impersonate-user': user }
  const { status, json } = await client.get(maps, { headers })
  expect(status).toBe(403)
  expect(json.message).toContain(`User "${user}" cannot list resource "configmaps"`)
  const { token } = await newAccount(api)
  const refused = await client.get(maps, { token, headers: { 'impersonate-user': 'admin' } })
  expect(refused.status).toBe(403)
  expect(refused.json.message).toContain('cannot impersonate resource "users" in API group ""')
})
