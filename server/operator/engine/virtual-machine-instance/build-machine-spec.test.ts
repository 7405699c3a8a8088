import { describe, expect, it } from 'vitest'
import type { VirtualMachineInstance, VirtualMachineInstanceSpec } from '@/contract/kinds/virtual-machine-instance'
import { buildMachineSpec, type MachineInput } from './build-machine-spec'
import { ProblemError } from './problem'

function vmi(
  spec: Partial<VirtualMachineInstanceSpec> & Pick<VirtualMachineInstanceSpec, 'domain'>,
): VirtualMachineInstance {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'db.example', namespace: 'demo', uid: '11111111-2222-4333-8444-555555555555' },
    spec,
  }
}

function build(spec: Parameters<typeof vmi>[0], more: Partial<MachineInput> = {}) {
  return buildMachineSpec({
    vmi: vmi(spec),
    disks: new Map([
      ['root', 'disk-1'],
      ['iso', 'disk-2'],
    ]),
    secrets: new Map(),
    host: { architecture: 'amd64', firmware: { bios: true, efi: true, efiSecureBoot: false } },
    address: '10.42.7.9',
    ...more,
  })
}

function problem(spec: Parameters<typeof vmi>[0], more: Partial<MachineInput> = {}) {
  try {
    build(spec, more)
  } catch (error) {
    if (error instanceof ProblemError) return error.problem
    throw error
  }
  return undefined
}

const devices = {}

describe('the machine an instance asks for', () => {
  it('says everything the instance says', () => {
    const spec = build({
      hostname: 'db',
      startStrategy: 'Paused',
      domain: {
        cpu: { sockets: 2, cores: 3, threads: 1, model: 'host-passthrough' },
        memory: { guest: '1.5Gi' },
        machine: { type: 'q35' },
        firmware: {
          uuid: '5d307ca9-b3ef-428c-8861-06e72d69f223',
          serial: 'abc',
          bootloader: { efi: { secureBoot: false } },
        },
        devices: {
          disks: [
            { name: 'root', bootOrder: 2, disk: { bus: 'virtio' }, serial: 'D1', cache: 'none', io: 'native' },
            { name: 'iso', bootOrder: 1, cdrom: { bus: 'sata' } },
            { name: 'seed', disk: { bus: 'virtio' } },
          ],
          interfaces: [{ name: 'default', masquerade: {}, model: 'e1000e', macAddress: '02-00-00-AA-BB-CC' }],
          rng: {},
          tpm: {},
        },
      },
      networks: [{ name: 'default', pod: {} }],
      volumes: [
        { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\n' } },
        { name: 'iso', persistentVolumeClaim: { claimName: 'iso' } },
        { name: 'root', dataVolume: { name: 'root' } },
      ],
    })
    expect(spec).toEqual({
      id: '11111111-2222-4333-8444-555555555555',
      name: 'demo/db.example',
      uuid: '5d307ca9-b3ef-428c-8861-06e72d69f223',
      serial: 'abc',
      machineType: 'q35',
      cpu: { sockets: 2, cores: 3, threads: 1, model: 'host-passthrough' },
      memoryBytes: 1536 * 2 ** 20,
      firmware: { type: 'efi', secureBoot: false },
      disks: [
        {
          name: 'root',
          diskId: 'disk-1',
          bus: 'virtio',
          device: 'disk',
          readOnly: false,
          serial: 'D1',
          bootOrder: 2,
          cache: 'none',
          io: 'native',
        },
        { name: 'iso', diskId: 'disk-2', bus: 'sata', device: 'cdrom', readOnly: true, bootOrder: 1 },
      ],
      cloudInit: {
        name: 'seed',
        type: 'noCloud',
        bus: 'virtio',
        device: 'disk',
        userData: '#cloud-config\n',
        metaData: { 'instance-id': 'db.example.demo', 'local-hostname': 'db' },
      },
      interfaces: [
        {
          name: 'default',
          mac: '02:00:00:aa:bb:cc',
          model: 'e1000e',
          up: true,
          backend: { type: 'user', address: '10.42.7.9', hostname: 'db' },
        },
      ],
      vga: true,
      serialConsole: true,
      rng: true,
      tpm: true,
      startPaused: true,
    })
  })

  it('fills in what the instance leaves out', () => {
    const spec = build({ domain: { resources: { requests: { memory: '64M' } }, devices } })
    expect(spec).toMatchObject({
      uuid: '11111111-2222-4333-8444-555555555555',
      memoryBytes: 62 * 2 ** 20,
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
      firmware: { type: 'bios' },
      disks: [],
      startPaused: false,
    })
    expect(spec.interfaces).toMatchObject([{ name: 'default', model: 'virtio', backend: { hostname: 'db' } }])
    expect(spec.interfaces[0]?.mac).toMatch(/^02(:[0-9a-f]{2}){5}$/)
    expect(build({ domain: { memory: { guest: '1Gi' }, devices } }).interfaces[0]?.mac).toBe(spec.interfaces[0]?.mac)
  })

  it('takes CPUs from requests, and screen, serial line and network away when told', () => {
    const spec = build({
      domain: {
        resources: { requests: { memory: '1Gi', cpu: '1500m' } },
        devices: { autoattachGraphicsDevice: false, autoattachSerialConsole: false, autoattachPodInterface: false },
      },
    })
    expect(spec).toMatchObject({ cpu: { sockets: 2 }, vga: false, serialConsole: false, interfaces: [] })
  })

  const memory = { guest: '1Gi' }
  it.each<[string, Parameters<typeof vmi>[0], string]>([
    ['no memory', { domain: { devices } }, 'InvalidSpec'],
    [
      'a container disk',
      { domain: { memory, devices }, volumes: [{ name: 'c', containerDisk: { image: 'x' } }] },
      'ErrImagePull',
    ],
    [
      'an empty disk',
      { domain: { memory, devices }, volumes: [{ name: 'e', emptyDisk: { capacity: '1Gi' } }] },
      'NotSupported',
    ],
    ['another machine', { domain: { memory, devices, machine: { type: 'virt' } } }, 'NotSupported'],
    ['another architecture', { domain: { memory, devices }, architecture: 'arm64' }, 'NotSupported'],
    ['Secure Boot', { domain: { memory, devices, firmware: { bootloader: { efi: {} } } } }, 'NotSupported'],
    [
      'a second network',
      {
        domain: { memory, devices: { interfaces: [{ name: 'x', bridge: {} }] } },
        networks: [{ name: 'x', multus: { networkName: 'vlan' } }],
      },
      'NotSupported',
    ],
    ['host devices', { domain: { memory, devices: { ...devices, gpus: [{}] } as never } }, 'NotSupported'],
  ])('says why it cannot give %s', (_what, spec, reason) => {
    expect(problem(spec)).toMatchObject({ reason, message: expect.stringMatching(/\w+ \w+/) as string })
  })

  it('reads cloud-init and keys from Secrets and says which one is missing', () => {
    const spec = {
      domain: { memory, devices },
      accessCredentials: [
        {
          sshPublicKey: {
            source: { secret: { secretName: 'keys' } },
            propagationMethod: { configDrive: {} },
          },
        },
      ],
      volumes: [
        { name: 'seed', cloudInitConfigDrive: { secretRef: { name: 'data' }, networkDataBase64: 'dmVyc2lvbjogMg==' } },
      ],
    }
    const secrets = new Map([
      ['data', { userdata: '#!/bin/sh\n' }],
      ['keys', { one: 'ssh-ed25519 A\n# no key\n', two: 'ssh-rsa B' }],
    ])
    expect(build(spec, { secrets }).cloudInit).toMatchObject({
      type: 'configDrive',
      bus: 'sata',
      userData: '#!/bin/sh\n',
      networkData: 'version: 2',
      metaData: { hostname: 'db', public_keys: { '0': 'ssh-ed25519 A', '1': 'ssh-rsa B' } },
    })
    secrets.delete('keys')
    expect(problem(spec, { secrets })).toMatchObject({
      reason: 'FailedSecretNotFound',
      message: expect.stringContaining('keys') as string,
    })
  })
})
