import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { startTestServer, type TestServer, virtualMachine, virtualMachines } from '../testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

let number = 0
let name: string
beforeEach(() => {
  name = `m${number++}`
})

const instances = virtualMachines.replace('virtualmachines', 'virtualmachineinstances')
const volumes = '/apis/cdi.kubevirt.io/v1beta1/namespaces/default/datavolumes'

function at(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (isJsonObject(value) ? value[step] : undefined), object)
}

function machineSpec(machine: JsonObject): JsonObject {
  return at(machine, 'spec.template.spec') as JsonObject
}

describe('a virtual machine', () => {
  test('gets KubeVirt’s defaults and keeps its identity through updates', async () => {
    const created = (await server.call('POST', virtualMachines, { body: virtualMachine(name) })).json
    expect(machineSpec(created)).toMatchObject({
      architecture: 'amd64',
      domain: {
        machine: { type: 'q35' },
        resources: {},
        firmware: { uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), serial: expect.any(String) },
      },
    })
    const again = { ...virtualMachine(name), metadata: { name, resourceVersion: created.metadata['resourceVersion'] } }
    const updated = (await server.call('PUT', `${virtualMachines}/${name}`, { body: again })).json
    expect(at(updated, 'spec.template.spec.domain.firmware')).toEqual(at(created, 'spec.template.spec.domain.firmware'))
    expect(updated.metadata['generation']).toBe(1)
  })

  test.each<[string, (machine: ReturnType<typeof virtualMachine>) => void, string, string]>([
    [
      'both ways to say whether it runs',
      ({ spec }) => Object.assign(spec, { running: true }),
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
      'spec.running',
    ],
    ['neither', ({ spec }) => delete spec['runStrategy'], 'RunStrategy must be specified', 'spec.running'],
    [
      'an unknown strategy',
      ({ spec }) => Object.assign(spec, { runStrategy: 'Sometimes' }),
      'Invalid RunStrategy (Sometimes)',
      'spec.runStrategy',
    ],
    [
      'a disk without volume',
      (machine) => Object.assign(machineSpec(machine), { volumes: [] }),
      "spec.template.spec.domain.devices.disks[0].Name 'root' not found.",
      'spec.template.spec.domain.devices.disks[0].name',
    ],
    [
      'an unused data volume template',
      ({ spec }) =>
        Object.assign(spec, {
          dataVolumeTemplates: [{ metadata: { name: 'other' }, spec: { storage: {}, source: { blank: {} } } }],
        }),
      "DataVolumeTemplate entry spec.dataVolumeTemplate[0] must be referenced in the VMI template's 'volumes' list",
      'spec.dataVolumeTemplate[0]',
    ],
    [
      'an interface without network',
      (machine) => Object.assign(machineSpec(machine), { networks: [] }),
      "Masquerade interface only implemented with pod network, spec.template.spec.domain.devices.interfaces[0].name 'default' not found.",
      'spec.template.spec.domain.devices.interfaces[0].name',
    ],
    [
      'a volume with two sources',
      (machine) =>
        Object.assign(machineSpec(machine), {
          volumes: [{ name: 'root', dataVolume: { name: 'x' }, emptyDisk: { capacity: '1Gi' } }],
        }),
      'spec.template.spec.volumes[0] must have exactly one source type set',
      'spec.template.spec.volumes[0]',
    ],
  ])('with %s is refused in KubeVirt’s words', async (_what, spoil, words, field) => {
    const machine = virtualMachine(name)
    spoil(machine)
    const answer = await server.call('POST', virtualMachines, { body: machine })
    expect(answer.json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `admission webhook "virtualmachine-validator.kubevirt.io" denied the request: ${words}`,
      details: { causes: words.split(/, (?=spec\.)/).map((message) => ({ message, field })) },
    })
  })

  test('is told that `running` is old', async () => {
    const machine = virtualMachine(name)
    delete machine.spec['runStrategy']
    machine.spec['running'] = false
    const answer = await server.call('POST', virtualMachines, { body: machine })
    expect(answer.status).toBe(201)
    expect(answer.headers['warning']).toContain('spec.running is deprecated, please use spec.runStrategy instead.')
  })
})

describe('an instance', () => {
  const instance = (spec: JsonObject) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name },
    spec,
  })

  test('gets a disk for each volume, buses, a network and a processor', async () => {
    const body = instance({
      domain: { devices: {}, memory: { guest: '64Mi' } },
      volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'x' } }],
    })
    const created = (await server.call('POST', instances, { body })).json
    expect(created).toMatchObject({
      spec: {
        domain: {
          cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
          devices: { disks: [{ name: 'root', disk: { bus: 'sata' } }], interfaces: [{ name: 'default', bridge: {} }] },
        },
        networks: [{ name: 'default', pod: {} }],
        evictionStrategy: 'None',
      },
      status: { phase: 'Pending' },
    })
  })

  test('needs memory, and its spec is not for people to change', async () => {
    const without = await server.call('POST', instances, { body: instance({ domain: { devices: {} } }) })
    expect(without.json['message']).toMatch(/no memory requested/)
    const body = instance({ domain: { devices: {}, memory: { guest: '64Mi' } } })
    await server.call('POST', instances, { body })
    const changed = await server.call('PATCH', `${instances}/${name}`, {
      body: { spec: { hostname: 'x' } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(changed.json['message']).toBe(
      'admission webhook "virtualmachineinstances-update-validator.kubevirt.io" denied the request: update of VMI object is restricted',
    )
  })
})

describe('a data volume', () => {
  const volume = (spec: JsonObject) => ({
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name },
    spec,
  })
  const storage = { resources: { requests: { storage: '1Gi' } } }

  test.each<[string, JsonObject, string]>([
    ['no storage', { source: { blank: {} } }, 'Missing Data volume PVC'],
    [
      'two storages',
      { source: { blank: {} }, storage, pvc: storage },
      'Duplicate storage definition, both target storage and target pvc defined',
    ],
    ['no source', { storage }, 'Data volume should have either Source or SourceRef, or be externally populated'],
    ['two sources', { storage, source: { blank: {}, upload: {} } }, 'Multiple Data volume sources'],
    ['no size', { storage: {}, source: { blank: {} } }, 'Storage size is missing'],
    ['no address', { storage, source: { http: { url: '' } } }, 'spec.source source URL is empty'],
    [
      'another scheme',
      { storage, source: { http: { url: 'ftp://x' } } },
      'spec.source Invalid source URL scheme: ftp://x',
    ],
  ])('with %s is refused in CDI’s words', async (_what, spec, words) => {
    const answer = await server.call('POST', volumes, { body: volume(spec) })
    expect(answer.json).toMatchObject({
      code: 422,
      message: `admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  ${words}`,
    })
    expect(answer.json['reason']).toBeUndefined()
  })

  test('may leave its size to what it clones, and never changes its spec', async () => {
    const created = await server.call('POST', volumes, {
      body: volume({ storage: {}, source: { pvc: { namespace: 'default', name: 'x' } } }),
    })
    expect(created.status).toBe(201)
    const changed = await server.call('PATCH', `${volumes}/${name}`, {
      body: { spec: { contentType: 'archive' } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(changed.json['message']).toMatch(/Cannot update DataVolume Spec/)
  })
})

test('a claim without storage class gets the default one', async () => {
  const classes = '/apis/storage.k8s.io/v1/storageclasses'
  const metadata = { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }
  await server.call('POST', classes, {
    body: { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata, provisioner: 'x.y/z' },
  })
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const claim = await server.call('POST', '/api/v1/namespaces/default/persistentvolumeclaims', {
    body: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec },
  })
  expect(claim.json).toMatchObject({
    spec: { storageClassName: name, volumeMode: 'Filesystem' },
    status: { phase: 'Pending' },
  })
})
