import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { virtualMachine } from '@/server/embedded/testing/start-test-server'
import { withoutKubectl } from '@/server/embedded/testing/stock-kubectl'
import { type DeploymentCluster, startDeploymentCluster } from './testing/deployment-cluster'
import { renderKustomization } from './testing/render'

let cluster: DeploymentCluster
const kubectl: DeploymentCluster['kubectl'] = (args, options) => cluster.kubectl(args, options)
const list = (items: unknown[]) => ({ apiVersion: 'v1', kind: 'List', items })

describe.skipIf(withoutKubectl)('uninstalling', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    cluster = await startDeploymentCluster()
  }, 120_000)
  afterAll(() => cluster.close())

  test('leaves every machine and every other object exactly as it was', async () => {
    await fill()
    const before = await everything()
    expect(before.filter((line) => line.startsWith('VirtualMachine/'))).toHaveLength(2)

    // What runs containers is never stored in this cluster, and the namespace is one of its own.
    const components = ['record-guard', 'tls', 'cert-manager', 'ingress', 'monitoring']
    const manifests = renderKustomization(components).filter(({ kind }) => !['Deployment', 'Namespace'].includes(kind))
    await succeed(['apply', '--server-side'], { input: list(manifests) })
    await work()
    expect((await everything()).length).toBeGreaterThan(before.length + 20)

    await succeed(['delete', '--wait=false'], { input: list(manifests) })
    await emptyNamespace()
    expect(await everything()).toEqual(before)
  })
})

async function succeed(...[args, options]: Parameters<DeploymentCluster['kubectl']>): Promise<string> {
  const said = await kubectl(args, options)
  if (/error|unable|denied|invalid/i.test(said)) throw new Error(said)
  return said
}

/** Machines with what belongs to them, as people have made them. */
async function fill(): Promise<void> {
  const machines = ['web', 'database'].map((name) => {
    const machine = virtualMachine(name)
    return {
      ...machine,
      metadata: { ...machine.metadata, namespace: 'default', annotations: { 'chiave.io/folder': '/a' } },
    }
  })
  const { spec } = virtualMachine('web')
  // The fixture's template holds an instance's specification.
  const template = spec['template'] as { spec: object }
  const instance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'web', namespace: 'default' },
    spec: template.spec,
  }
  const volume = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name: 'web-root', namespace: 'default' },
    spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } },
  }
  await succeed(['create'], { input: list([...machines, instance, volume]) })
  await succeed(['create', 'secret', 'generic', 'web-cloudinit', '--from-literal=userdata=x'])
  await succeed(['create', 'service', 'clusterip', 'web', '--tcp=80:80'])
  await succeed(['create', 'rolebinding', 'jane', '--clusterrole=view', '--user=jane'])
}

/** What console and operator write while they run, with their own rights. */
async function work(): Promise<void> {
  const as = (name: string) => `--as=system:serviceaccount:chiave-system:${name}`
  const record = { name: 'chiave-session-1', labels: { 'app.kubernetes.io/managed-by': 'chiave' } }
  await succeed(['create', '-n', 'chiave-system', as('chiave-console')], {
    input: { apiVersion: 'v1', kind: 'Secret', metadata: record },
  })
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'chiave-operator', namespace: 'chiave-system' },
    spec: { holderIdentity: 'a', leaseDurationSeconds: 15 },
  }
  await succeed(['create', as('chiave-operator')], { input: lease })
  await succeed(['create', as('chiave-operator')], {
    input: { apiVersion: 'platform.chiave.io/v1alpha1', kind: 'Platform', metadata: { name: 'chiave' }, spec: {} },
  })
}

/** What is left in the namespace goes with it elsewhere. */
async function emptyNamespace(): Promise<void> {
  const record = ['secret', '-l', 'app.kubernetes.io/managed-by=chiave']
  await succeed(['delete', ...record, '-n', 'chiave-system'])
  await succeed(['delete', 'lease', '--all', '-n', 'chiave-system'])
}

/** Every object of the cluster with its uid and resourceVersion: a write that changes something would show. */
async function everything(): Promise<string[]> {
  const kinds = (await kubectl(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n')
  const columns = 'KIND:.kind,NAME:.metadata.name,IN:.metadata.namespace,UID:.metadata.uid,AT:.metadata.resourceVersion'
  const printed = await kubectl(['get', kinds.join(','), '-A', '--no-headers', '-o', `custom-columns=${columns}`])
  return printed
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').replace(' ', '/'))
    .filter((line) => !line.startsWith('Event/'))
    .sort()
}
