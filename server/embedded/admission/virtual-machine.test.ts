import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { startTestServer, type TestServer, virtualMachine, virtualMachines } from '../testing/start-test-server'
import { serveKinds } from './served-kinds.fixture'

let server: TestServer
let number = 0
let name: string
beforeAll(async () => {
  server = await startTestServer()
  await serveKinds(server, 'kubevirt.io', [
    { kind: 'VirtualMachineInstanceMigration', namespaced: true },
    { kind: 'VirtualMachineInstanceReplicaSet', namespaced: true },
    { kind: 'VirtualMachineInstancePreset', namespaced: true },
  ])
  await serveKinds(server, 'instancetype.kubevirt.io', [
    { kind: 'VirtualMachineClusterInstancetype', namespaced: false },
  ])
})
afterAll(() => server.close())
beforeEach(() => {
  name = `k${number++}`
})

const group = '/apis/kubevirt.io/v1'
const place = (plural: string) => `${group}/namespaces/default/${plural}`
const merge = { 'Content-Type': 'application/merge-patch+json' }
const denied = (webhook: string, words: string) =>
  `admission webhook "${webhook}.kubevirt.io" denied the request: ${words}`

describe('an instance', () => {
  const create = async (spec: JsonObject, metadata: JsonObject = {}) => {
    const body = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name, ...metadata }, spec }
    return (await server.call('POST', place('virtualmachineinstances'), { body })).json
  }
  const domain = (more: JsonObject = {}) => ({ domain: { devices: {}, memory: { guest: '1Gi' }, ...more } })

  test('gets what KubeVirt fills in, in its spec, its status and its metadata', async () => {
    const spec = {
      ...domain({ resources: { limits: { cpu: '2' } } }),
      readinessProbe: { guestAgentPing: {} },
      volumes: [
        { name: 'root', containerDisk: { image: 'a/b:latest' } },
        { name: 'other', containerDisk: { image: 'a/b:1' } },
      ],
    }
    const devices = { disks: [{ name: 'root', cdrom: {} }], inputs: [{ name: 't' }], watchdog: { name: 'w' } }
    const created = await create({ ...spec, domain: { ...spec.domain, devices } })
    expect(created).toMatchObject({
      metadata: {
        annotations: { 'kubevirt.io/pci-topology-version': 'v3' },
        finalizers: ['kubevirt.io/foregroundDeleteVirtualMachine'],
      },
      spec: {
        architecture: 'amd64',
        evictionStrategy: 'None',
        domain: {
          cpu: { sockets: 2, cores: 1, threads: 1, maxSockets: 8, model: 'host-model' },
          memory: { guest: '1Gi', maxGuest: '4Gi' },
          resources: { limits: { cpu: '2' }, requests: { cpu: '2' } },
          features: { acpi: { enabled: true } },
          firmware: { uuid: expect.any(String) },
          machine: { type: 'q35' },
          devices: {
            disks: [
              { name: 'root', cdrom: { bus: 'sata', readonly: true, tray: 'closed' } },
              { name: 'other', disk: { bus: 'sata' } },
            ],
            inputs: [{ name: 't', bus: 'usb', type: 'tablet' }],
            watchdog: { name: 'w', i6300esb: { action: 'reset' } },
            interfaces: [{ name: 'default', bridge: {} }],
          },
        },
        networks: [{ name: 'default', pod: {} }],
        readinessProbe: { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
        volumes: [
          { containerDisk: { imagePullPolicy: 'Always' } },
          { containerDisk: { imagePullPolicy: 'IfNotPresent' } },
        ],
      },
      status: {
        phase: 'Pending',
        phaseTransitionTimestamps: [{ phase: 'Pending' }],
        memory: { guestAtBoot: '1Gi', guestCurrent: '1Gi', guestRequested: '1Gi' },
        currentCPUTopology: { sockets: 2, cores: 1, threads: 1 },
      },
    })
  })

  test('is told twice what is wrong with its networks', async () => {
    const answer = await create({ ...domain(), networks: [{ name: 'a', pod: {} }] })
    const words = "spec.networks[0].name 'a' not found."
    expect(answer['message']).toBe(denied('virtualmachineinstances-create-validator', `${words}, ${words}`))
  })

  test.each<[string, JsonObject, string]>([
    [
      'no memory',
      { domain: { devices: {} } },
      "no memory requested, at least one of 'spec.domain.memory.guest', 'spec.domain.memory.hugepages.pageSize' or 'spec.domain.resources.requests.memory' must be set",
    ],
    ['another architecture', { ...domain(), architecture: 'riscv64' }, 'unsupported architecture: riscv64'],
    [
      'a watchdog of another architecture',
      domain({ devices: { watchdog: { name: 'w', diag288: {} } } }),
      'amd64 only supports I6300ESB watchdog device',
    ],
    [
      'Hyper-V features and all of them',
      domain({ features: { hyperv: { relaxed: {} }, hypervPassthrough: {} } }),
      'Cannot explicitly set hyperV features if HypervPassthrough is being used. Please use either HyperV or HypervPassthrough.',
    ],
    [
      'a Hyper-V feature whose ground was taken away',
      domain({ features: { hyperv: { synic: { enabled: true }, vpindex: { enabled: false } } } }),
      "'spec.domain.features.hyperv.domain.features.hyperv.synic' requires 'spec.domain.features.hyperv.domain.features.hyperv.vpindex', which was disabled.",
    ],
  ])('is refused with %s', async (_what, spec, words) => {
    expect((await create(spec))['message']).toBe(denied('virtualmachineinstances-create-validator', words))
  })

  test('keeps its status and its labels from people', async () => {
    await create(domain())
    const path = `${place('virtualmachineinstances')}/${name}`
    const marked = await server.call('PATCH', path, { body: { status: { phase: 'Running' } }, headers: merge })
    expect(marked.json['status']).toMatchObject({ phase: 'Pending' })
    const labels = { 'kubevirt.io/nodeName': 'n' }
    const labelled = await server.call('PATCH', path, { body: { metadata: { labels } }, headers: merge })
    expect(labelled.json['message']).toBe(
      denied(
        'virtualmachineinstances-update-validator',
        'modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited',
      ),
    )
    const free = await server.call('PATCH', path, { body: { metadata: { labels: { team: 'a' } } }, headers: merge })
    expect(free.status).toBe(200)
  })

  test('takes what it does not say from a preset', async () => {
    const preset = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstancePreset',
      metadata: { name },
      spec: { selector: { matchLabels: { flavor: name } }, domain: { devices: {}, memory: { guest: '2Gi' } } },
    }
    expect((await server.call('POST', place('virtualmachineinstancepresets'), { body: preset })).status).toBe(201)
    const created = await create({ domain: { devices: {} } }, { labels: { flavor: name } })
    expect(created).toMatchObject({ spec: { domain: { memory: { guest: '2Gi' } } } })
  })
})

describe('a machine', () => {
  test('may not say what its instance type says', async () => {
    const type = {
      apiVersion: 'instancetype.kubevirt.io/v1beta1',
      kind: 'VirtualMachineClusterInstancetype',
      metadata: { name },
      spec: { cpu: { guest: 2 }, memory: { guest: '1Gi' } },
    }
    await server.call('POST', '/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes', {
      body: type,
    })
    const machine = virtualMachine(name)
    machine.spec['instancetype'] = { name }
    const refused = await server.call('POST', virtualMachines, { body: machine })
    expect(refused.json).toMatchObject({
      code: 422,
      message: denied(
        'virtualmachine-validator',
        'VM field(s) spec.template.spec.domain.memory.guest conflicts with selected instance type',
      ),
      details: { causes: [{ field: 'spec.template.spec.domain.memory.guest' }] },
    })
    machine.spec['instancetype'] = {}
    const nameless = await server.call('POST', virtualMachines, { body: machine })
    expect(nameless.json['message']).toBe(
      denied(
        'virtualmachines-mutator',
        'Either Name or InferFromVolume should be provided within the InstancetypeMatcher',
      ),
    )
    machine.spec['instancetype'] = { name: 'missing' }
    expect((await server.call('POST', virtualMachines, { body: machine })).status).toBe(201)
  })

  test('keeps its volumes beside it, and its status holds no contradictory requests', async () => {
    const machine = virtualMachine(name)
    const template = {
      metadata: { name: `${name}-root`, namespace: 'kube-public' },
      spec: { storage: {}, source: { blank: {} } },
    }
    const elsewhere = { ...machine, spec: { ...machine.spec, dataVolumeTemplates: [template] } }
    expect((await server.call('POST', virtualMachines, { body: elsewhere })).json['message']).toBe(
      denied('virtualmachine-validator', 'Embedded DataVolume namespace kube-public differs from VM namespace default'),
    )
    await server.call('POST', virtualMachines, { body: machine })
    const status = { volumeRequests: [{}] }
    const marked = await server.call('PATCH', `${virtualMachines}/${name}/status`, { body: { status }, headers: merge })
    expect(marked.json['message']).toBe(
      denied(
        'kubevirt-crd-status-validator',
        'VolumeRequests require one of either addVolumeOptions or removeVolumeOptions to be set',
      ),
    )
  })
})

test('a migration is refused where there is nothing to move, or something is moving', async () => {
  const migration = (spec: JsonObject) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { generateName: 'm-' },
    spec,
  })
  const post = async (spec: JsonObject) =>
    (await server.call('POST', place('virtualmachineinstancemigrations'), { body: migration(spec) })).json
  expect((await post({ vmiName: '' }))['message']).toBe(denied('migration-create-validator', 'vmiName is missing'))
  expect(await post({ vmiName: 'none' })).toMatchObject({
    code: 400,
    message: denied('migration-create-validator', 'the VMI "default/none" does not exist'),
  })
  const { apiVersion, spec } = virtualMachine(name)
  const machine = (spec['template'] as JsonObject)['spec'] // as the fixture has it
  const body = { apiVersion, kind: 'VirtualMachineInstance', metadata: { name }, spec: machine }
  await server.call('POST', place('virtualmachineinstances'), { body })
  const made = await post({ vmiName: name })
  expect(made.metadata).toMatchObject({
    labels: { 'kubevirt.io/vmi-name': name },
    finalizers: ['kubevirt.io/migrationJobFinalize'],
  })
  expect((await post({ vmiName: name }))['message']).toContain('in-flight migration detected. Active migration job (')
  const changed = await server.call('PATCH', `${place('virtualmachineinstancemigrations')}/${made.metadata['name']}`, {
    body: { spec: { vmiName: 'other' } },
    headers: merge,
  })
  expect(changed.json['message']).toBe(
    denied('migration-update-validator', "update of Migration object's spec is restricted"),
  )
})

test('a replica set’s selector takes its own template', async () => {
  const { spec } = virtualMachine(name)
  const template = { ...(spec['template'] as JsonObject), metadata: { labels: { app: 'x' } } } // as the fixture has it
  const set = (selector: JsonObject) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceReplicaSet',
    metadata: { name },
    spec: { replicas: 1, selector, template },
  })
  const path = place('virtualmachineinstancereplicasets')
  const refused = await server.call('POST', path, { body: set({ matchLabels: { app: 'y' } }) })
  expect(refused.json['message']).toBe(denied('virtualmachinereplicaset-validator', 'selector does not match labels.'))
  expect((await server.call('POST', path, { body: set({ matchLabels: { app: 'x' } }) })).status).toBe(201)
})

test('there is one KubeVirt, its settings are sound, and they rule', async () => {
  const path = `${group}/namespaces/default/kubevirts`
  const kubeVirt = (other: string) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: { name: other },
    spec: { configuration: {} },
  })
  expect((await server.call('POST', path, { body: kubeVirt(name) })).status).toBe(201)
  expect((await server.call('POST', path, { body: kubeVirt('second') })).json).toMatchObject({
    code: 400,
    message: denied('kubevirt-create-validator', 'Kubevirt is already created'),
  })
  const configure = (configuration: JsonObject) =>
    server.call('PATCH', `${path}/${name}`, { body: { spec: { configuration } }, headers: merge })
  const both = { featureGates: ['HostDisk'], disabledFeatureGates: ['HostDisk'] }
  expect((await configure({ developerConfiguration: both })).json['message']).toBe(
    denied(
      'kubevirt-update-validator',
      'feature gate "HostDisk" exists on both "FeatureGates" and "DisabledFeatureGates"',
    ),
  )
  const machine = virtualMachine(name)
  const template = (machine.spec['template'] as JsonObject)['spec'] as JsonObject // as the fixture has it
  template['volumes'] = [{ name: 'root', hostDisk: { path: '/x', type: 'Disk' } }]
  expect((await server.call('POST', virtualMachines, { body: machine })).status).toBe(422)
  expect((await configure({ developerConfiguration: { featureGates: ['HostDisk'] } })).status).toBe(200)
  expect((await server.call('POST', virtualMachines, { body: machine })).status).toBe(201)
})
