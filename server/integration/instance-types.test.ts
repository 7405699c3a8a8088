import { afterAll, beforeAll, expect, test } from 'vitest'
import { namespaceKind } from '@/contract/kinds/core'
import type { Kind } from '@/contract/kinds/kind'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject } from '@/contract/kube-object'
import { serveKinds } from '../embedded/admission/served-kinds.fixture'
import { Cluster } from './running-cluster.fixture'

const cluster = new Cluster()
const group = '/apis/instancetype.kubevirt.io/v1beta1'
const base = '/apis/subresources.kubevirt.io/v1/namespaces/demo'

beforeAll(async () => {
  await cluster.start()
  await cluster.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } })
  const call = async (method: string, path: string, sent: { body?: unknown } = {}) => {
    const answer = await cluster.client.raw(method, path, sent.body).then(
      () => ({ status: method === 'POST' ? 201 : 200, text: '' }),
      (error: { code?: number; message: string }) => ({ status: error.code ?? 500, text: error.message }),
    )
    return answer
  }
  await serveKinds({ call }, 'instancetype.kubevirt.io', [
    { kind: 'VirtualMachineClusterInstancetype', namespaced: false },
    { kind: 'VirtualMachinePreference', namespaced: true },
  ])
  const apiVersion = 'instancetype.kubevirt.io/v1beta1'
  await cluster.client.raw('POST', `${group}/virtualmachineclusterinstancetypes`, {
    apiVersion,
    kind: 'VirtualMachineClusterInstancetype',
    metadata: { name: 'small' },
    spec: { cpu: { guest: 2 }, memory: { guest: '64Mi' } },
  })
  for (const [name, cpus] of [
    ['cores', 2],
    ['greedy', 4],
  ]) {
    await cluster.client.raw('POST', `${group}/namespaces/demo/virtualmachinepreferences`, {
      apiVersion,
      kind: 'VirtualMachinePreference',
      metadata: { name },
      spec: {
        cpu: { preferredCPUTopology: 'cores' },
        devices: { preferredInterfaceModel: 'e1000e' },
        requirements: { cpu: { guest: cpus } },
      },
    })
  }
})
afterAll(() => cluster.stop())

function sized(name: string, changes: { preference?: string; type?: string; guest?: string } = {}) {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'demo' },
    spec: {
      runStrategy: 'Halted' as const,
      instancetype: { name: changes.type ?? 'small' },
      preference: { kind: 'VirtualMachinePreference', name: changes.preference ?? 'cores' },
      template: { spec: { domain: { devices: {}, ...(changes.guest ? { memory: { guest: changes.guest } } : {}) } } },
    },
  }
}

const until = async <T extends KubeObject>(kind: Kind<T>, name: string, holds: (found: T) => boolean) => {
  const deadline = Date.now() + 10_000
  for (;;) {
    const found = await cluster.client.find(kind, { namespace: 'demo', name })
    if (found && holds(found)) return found
    if (Date.now() > deadline) throw new Error(`${name} did not get there: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const guest = {
  cpu: { sockets: 1, cores: 2, threads: 1 },
  memory: { guest: '64Mi' },
  devices: { interfaces: [{ name: 'default', model: 'e1000e' }] },
}

test('an instance runs with what its machine’s type and preference say', async () => {
  await cluster.client.create(virtualMachineKind, {
    ...sized('runs'),
    spec: { ...sized('runs').spec, runStrategy: 'Always' },
  })
  const vmi = await until(virtualMachineInstanceKind, 'runs', () => true)
  expect(vmi.spec.domain).toMatchObject(guest)
})

test('a machine is expanded, stored or only thought of, and names neither type nor preference any more', async () => {
  await cluster.client.create(virtualMachineKind, sized('stored'))
  const stored = await cluster.client.raw('GET', `${base}/virtualmachines/stored/expand-spec`)
  const thought = await cluster.client.raw('PUT', `${base}/expand-vm-spec`, sized('thought'))
  for (const expanded of [stored, thought]) {
    expect(expanded).toMatchObject({ spec: { template: { spec: { domain: guest, networks: [{ pod: {} }] } } } })
    expect(expanded).not.toHaveProperty('spec.instancetype')
    expect(expanded).not.toHaveProperty('spec.preference')
  }
})

test('what cannot be expanded is refused in KubeVirt’s words', async () => {
  const conflict = 'VM field(s) spec.template.spec.domain.memory.guest conflicts with selected instance type'
  const put = (body: unknown) => cluster.client.raw('PUT', `${base}/expand-vm-spec`, body)
  await expect(put(sized('x', { guest: '1Gi' }))).rejects.toMatchObject({ code: 400, message: conflict })
  const missing = 'virtualmachineclusterinstancetypes.instancetype.kubevirt.io "none" not found'
  await expect(put(sized('x', { type: 'none' }))).rejects.toMatchObject({ code: 400, message: missing })
})

test('a machine without what its preference requires is not taken', async () => {
  const refused = cluster.client.create(virtualMachineKind, sized('greedy', { preference: 'greedy' }))
  await expect(refused).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining(
      'failure checking preference requirements: insufficient CPU resources of 2 vCPU provided by instance type, preference requires 4 vCPU',
    ),
  })
})

test('a machine whose type is not there says so instead of starting', async () => {
  const object = sized('typeless', { type: 'none' })
  // Without a preference: its requirements would be asked of the machine itself.
  const { preference: _none, ...spec } = object.spec
  await cluster.client.create(virtualMachineKind, { ...object, spec: { ...spec, runStrategy: 'Always' } })
  const vm = await until(virtualMachineKind, 'typeless', (found) =>
    (found.status?.conditions ?? []).some(({ type }) => type === 'Failure'),
  )
  expect(vm.status?.conditions?.find(({ type }) => type === 'Failure')?.message).toContain('"none" not found')
  expect(await cluster.client.find(virtualMachineInstanceKind, { namespace: 'demo', name: 'typeless' })).toBeUndefined()
})
