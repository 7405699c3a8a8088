import { describe, expect, it } from 'vitest'
import { type ClusterTraits, decideIdentity } from './identity-policy'
import type { StoredPerson } from './person'

const embedded: ClusterTraits = { kind: 'embedded', impersonate: false }
const kubeconfig: ClusterTraits = { kind: 'kubeconfig', impersonate: false }
const impersonating: ClusterTraits = { kind: 'kubeconfig', impersonate: true }
const inCluster: ClusterTraits = { kind: 'in-cluster', impersonate: false }

const people: Record<StoredPerson['source'], StoredPerson> = {
  link: { source: 'link', user: 'admin', groups: ['system:masters'] },
  password: { source: 'password', uid: 'u', user: 'ada', groups: ['dev'] },
  token: { source: 'token', cluster: 'c', user: 'system:serviceaccount:a:b', groups: ['system:serviceaccounts'] },
  oidc: { source: 'oidc', provider: 'corp', subject: '1', user: 'corp:ada', groups: ['corp:dev'] },
  proxy: { source: 'proxy', user: 'ada', groups: ['dev', 'system:masters', ' System:nodes'] },
}

/** `self`, `token`, `user[groups]` or the refusal's code. */
function decide(
  source: StoredPerson['source'],
  traits: ClusterTraits,
  more: { administrator?: boolean; token?: string },
) {
  const stored = people[source]
  const { user, groups } = stored
  const administrator = more.administrator ?? source === 'link'
  const token = more.token === undefined ? undefined : () => more.token
  const identity = decideIdentity({ person: { stored, user, groups, administrator }, cluster: 'c', traits, token })
  if ('kind' in identity) return identity.code
  if (identity.type === 'person') return `${identity.user}[${identity.groups.join(',')}]`
  return identity.type === 'token' ? `token ${identity.token}` : identity.type
}

const everyone = 'system:authenticated'

describe('with whose rights people reach a cluster', () => {
  const table: [StoredPerson['source'], ClusterTraits, { administrator?: boolean; token?: string }, string | number][] =
    [
      ['link', embedded, {}, `admin[system:masters,${everyone}]`],
      ['link', kubeconfig, {}, 'self'],
      ['link', impersonating, {}, 'self'],
      ['link', inCluster, {}, `admin[${everyone}]`],

      ['password', embedded, {}, `ada[dev,${everyone}]`],
      ['password', embedded, { administrator: true }, `ada[dev,system:masters,${everyone}]`],
      ['password', kubeconfig, {}, 403],
      ['password', kubeconfig, { administrator: true }, 'self'],
      ['password', impersonating, {}, `ada[dev,${everyone}]`],
      ['password', impersonating, { administrator: true }, `ada[dev,${everyone}]`],
      ['password', inCluster, {}, `ada[dev,${everyone}]`],
      ['password', inCluster, { administrator: true }, `ada[dev,${everyone}]`],

      ['token', embedded, { token: 't' }, 'token t'],
      ['token', kubeconfig, { token: 't' }, 'token t'],
      ['token', inCluster, { token: 't' }, 'token t'],
      // What another cluster calls somebody is no name here.
      ['token', embedded, {}, 403],
      ['token', kubeconfig, {}, 403],
      ['token', impersonating, {}, 403],
      ['token', inCluster, { administrator: true }, 403],

      ['oidc', embedded, {}, `corp:ada[corp:dev,${everyone}]`],
      ['oidc', embedded, { token: 't' }, `corp:ada[corp:dev,${everyone}]`],
      ['oidc', embedded, { administrator: true }, `corp:ada[corp:dev,system:masters,${everyone}]`],
      ['oidc', kubeconfig, {}, 403],
      ['oidc', kubeconfig, { administrator: true }, 403],
      ['oidc', kubeconfig, { token: 't' }, 'token t'],
      ['oidc', impersonating, {}, `corp:ada[corp:dev,${everyone}]`],
      ['oidc', impersonating, { token: 't' }, 'token t'],
      ['oidc', inCluster, {}, `corp:ada[corp:dev,${everyone}]`],
      ['oidc', inCluster, { token: 't' }, 'token t'],

      ['proxy', embedded, {}, `ada[dev,${everyone}]`],
      ['proxy', kubeconfig, {}, 403],
      ['proxy', kubeconfig, { administrator: true }, 403],
      ['proxy', impersonating, {}, `ada[dev,${everyone}]`],
      ['proxy', inCluster, { administrator: true }, `ada[dev,${everyone}]`],
    ]
  it.each(table)('%s at %o with %o: %s', (source, traits, more, expected) => {
    expect(decide(source, traits, more)).toBe(expected)
  })

  it('is never one of Kubernetes’ own names', () => {
    for (const user of ['system:admin', 'System:masters', ' system:kube-scheduler', 'system:serviceaccount:a:b']) {
      for (const traits of [embedded, impersonating, inCluster]) {
        const stored: StoredPerson = { source: 'proxy', user, groups: [] }
        const person = { stored, user, groups: [], administrator: true }
        const refused = decideIdentity({ person, cluster: 'c', traits, token: undefined })
        expect(refused).toMatchObject({ kind: 'Status', code: 403 })
      }
    }
  })

  it('is the token as it is at each use, since it is renewed while streams last', () => {
    let current = 'first'
    const person = { stored: people.oidc, user: 'corp:ada', groups: [], administrator: false }
    const identity = decideIdentity({ person, cluster: 'c', traits: inCluster, token: () => current })
    expect(identity).toMatchObject({ token: 'first' })
    current = 'second'
    expect(identity).toMatchObject({ token: 'second' })
  })
})
