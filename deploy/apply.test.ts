import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withoutKubectl } from '@/server/embedded/testing/stock-kubectl'
import { type DeploymentCluster, startDeploymentCluster } from './testing/deployment-cluster'
import { type Manifest, nameOf, renderKustomization } from './testing/render'

let cluster: DeploymentCluster
const kubectl: DeploymentCluster['kubectl'] = (args, options) => cluster.kubectl(args, options)

const account = (name: string) => `--as=system:serviceaccount:chiave-system:${name}`
const everything = ['record-guard', 'tls', 'cert-manager', 'ingress', 'oidc', 'monitoring']
const withoutTls = ['plain-http', 'gateway', 'oidc', 'monitoring']

describe.skipIf(withoutKubectl)('the manifests in a cluster', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    cluster = await startDeploymentCluster()
    // A dry run cannot create the namespace that the others are in; and what runs containers is never stored here.
    const stored = renderKustomization(['record-guard']).filter(({ kind }) => kind !== 'Deployment')
    const said = await kubectl(['apply', '--server-side'], { input: list(stored) })
    if (/error|denied|forbidden|unable|conflict/i.test(said)) throw new Error(said)
  }, 120_000)
  afterAll(() => cluster.close())

  test.each([[[]], [everything], [withoutTls]])(
    'pass a dry run on the server with components %j',
    async (components) => {
      const manifests = renderKustomization(components)
      const said = await kubectl(['apply', '--server-side', '--dry-run=server', '--validate=strict'], {
        input: list(manifests),
      })
      expect(said.trim().split('\n')).toHaveLength(manifests.length)
      for (const line of said.trim().split('\n')) expect(line).toMatch(/ serverside-applied \(server dry run\)$/)
    },
  )

  test('can be applied again without a change', async () => {
    const stored = renderKustomization(['record-guard']).filter(({ kind }) => kind !== 'Deployment')
    const versions = async () => {
      const printed = await kubectl(['get', '-o', 'json'], { input: list(stored) })
      // kubectl prints a list of whole objects.
      const { items } = JSON.parse(printed) as { items: Manifest[] }
      return items.map((item) => `${nameOf(item)} ${String(item.metadata.resourceVersion)}`)
    }
    const before = await versions()
    expect(before).toHaveLength(stored.length)
    await kubectl(['apply', '--server-side'], { input: list(stored) })
    expect(await versions()).toEqual(before)
  })

  describe('the console’s account', () => {
    test.each([
      ['create', 'selfsubjectreviews.authentication.k8s.io', 'yes'],
      ['impersonate', 'users/jane', 'yes'],
      ['impersonate', 'groups/system:authenticated', 'yes'],
      ['impersonate', 'groups/system:masters', 'no'],
      ['impersonate', 'groups/somebody', 'no'],
      ['impersonate', 'serviceaccounts', 'no'],
      ['impersonate', 'userextras.authentication.k8s.io', 'no'],
      ['impersonate', 'uids.authentication.k8s.io', 'no'],
      ['list', 'pods', 'no'],
      ['list', 'virtualmachines.kubevirt.io', 'no'],
      ['get', 'secrets', 'no'],
      ['list', 'nodes', 'no'],
      ['create', 'clusterrolebindings', 'no'],
    ])('may %s %s: %s', async (verb, resource, answer) => {
      const said = await kubectl(['auth', 'can-i', verb, resource, '-A', account('chiave-console')])
      expect(said).toMatch(new RegExp(`^${answer}`, 'm'))
    })

    test('keeps records in its own namespace alone', async () => {
      const inNamespace = (namespace: string) =>
        kubectl(['auth', 'can-i', 'create', 'secrets', '-n', namespace, account('chiave-console')])
      expect(await inNamespace('chiave-system')).toMatch(/^yes/m)
      expect(await inNamespace('default')).toMatch(/^no/m)
    })

    test('acts for a person who has rights of their own', async () => {
      const pods = (user: string) =>
        kubectl(['auth', 'can-i', 'list', 'pods', '-n', 'default', `--as=${user}`, '--as-group=system:authenticated'])
      await kubectl(['create', 'rolebinding', 'jane', '-n', 'default', '--clusterrole=view', '--user=jane'])
      expect(await pods('jane')).toMatch(/^yes/m)
      expect(await pods('joe')).toMatch(/^no/m)
    })

    test('writes records, and with the guard no other Secret', async () => {
      const create = (metadata: object, type = 'Opaque') =>
        kubectl(['create', '-n', 'chiave-system', account('chiave-console')], {
          input: { apiVersion: 'v1', kind: 'Secret', metadata, type },
        })
      const labels = { 'app.kubernetes.io/managed-by': 'chiave' }
      expect(await create({ name: 'record', labels })).toBe('secret/record created\n')
      expect(await create({ name: 'other' })).toContain('only Secrets that are records of its own')
      const token = { name: 'token', labels, annotations: { 'kubernetes.io/service-account.name': 'chiave-operator' } }
      expect(await create(token, 'kubernetes.io/service-account-token')).toContain('only Secrets that are records')

      await kubectl(['create', 'secret', 'generic', 'foreign', '-n', 'chiave-system'])
      const remove = (name: string) =>
        kubectl(['delete', 'secret', name, '-n', 'chiave-system', account('chiave-console')])
      expect(await remove('foreign')).toContain('only Secrets that are records of its own')
      expect(await remove('record')).toContain('deleted')
    })
  })

  describe('the operator’s account', () => {
    test.each([
      ['watch', 'kubevirts.kubevirt.io', 'yes'],
      ['list', 'cdis.cdi.kubevirt.io', 'yes'],
      ['list', 'customresourcedefinitions', 'yes'],
      ['create', 'platforms.platform.chiave.io', 'yes'],
      ['delete', 'platforms.platform.chiave.io', 'no'],
      ['create', 'customresourcedefinitions', 'no'],
      ['list', 'secrets', 'no'],
      ['list', 'virtualmachines.kubevirt.io', 'no'],
      ['update', 'kubevirts.kubevirt.io', 'no'],
      ['impersonate', 'users', 'no'],
    ])('may %s %s: %s', async (verb, resource, answer) => {
      const said = await kubectl(['auth', 'can-i', verb, resource, '-A', account('chiave-operator')])
      expect(said).toMatch(new RegExp(`^${answer}`, 'm'))
    })

    test('has its one lease in its own namespace', async () => {
      const may = (verb: string, lease: string, namespace = 'chiave-system') =>
        kubectl([
          'auth',
          'can-i',
          verb,
          `leases.coordination.k8s.io/${lease}`,
          '-n',
          namespace,
          account('chiave-operator'),
        ])
      expect(await may('update', 'chiave-operator')).toMatch(/^yes/m)
      expect(await may('update', 'another')).toMatch(/^no/m)
      expect(await may('update', 'chiave-operator', 'kube-system')).toMatch(/^no/m)
    })
  })
})

const list = (items: unknown[]) => ({ apiVersion: 'v1', kind: 'List', items })
