import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json'
import { applyInstanceType, conflictWords } from './apply-instance-type'
import { layOutCpus, spreadProblem } from './cpu-topology'
import { matchedObject } from './matcher'
import { requirementProblem } from './requirements'

const type = (more: JsonObject = {}): JsonObject => ({ cpu: { guest: 4 }, memory: { guest: '2Gi' }, ...more })
const spread = (options: JsonObject) => ({ cpu: { preferredCPUTopology: 'spread', spreadOptions: options } })

describe('an instance type', () => {
  test('sets CPUs, memory, placement and devices of a template that says nothing of them', () => {
    const template: JsonObject = { spec: { domain: {} } }
    const sized = type({
      cpu: { guest: 4, model: 'Haswell', dedicatedCPUPlacement: true, maxSockets: 8 },
      memory: { guest: '2Gi', overcommitPercent: 50, maxGuest: '4Gi' },
      gpus: [{ name: 'g', deviceName: 'x/y' }],
      ioThreadsPolicy: 'auto',
      nodeSelector: { disk: 'fast' },
      schedulerName: 'own',
      annotations: { a: 'b' },
    })
    expect(applyInstanceType(template, { type: sized })).toEqual([])
    expect(template).toEqual({
      metadata: { annotations: { a: 'b' } },
      spec: {
        nodeSelector: { disk: 'fast' },
        schedulerName: 'own',
        domain: {
          cpu: { sockets: 4, cores: 1, threads: 1, model: 'Haswell', dedicatedCpuPlacement: true, maxSockets: 8 },
          memory: { guest: '2Gi', maxGuest: '4Gi' },
          resources: { requests: { memory: '1Gi' } },
          ioThreadsPolicy: 'auto',
          devices: { gpus: [{ name: 'g', deviceName: 'x/y' }] },
        },
      },
    })
  })

  test('leaves a template alone that says the same things, and names the fields', () => {
    const template: JsonObject = {
      metadata: { annotations: { a: 'mine' } },
      spec: {
        nodeSelector: {},
        domain: { cpu: { cores: 2 }, memory: { guest: '1Gi' }, resources: { limits: { cpu: '1' } } },
      },
    }
    const before = structuredClone(template)
    const fields = applyInstanceType(template, { type: type({ nodeSelector: { x: 'y' }, annotations: { a: 'b' } }) })
    expect(template).toEqual(before)
    expect(conflictWords(fields)).toBe(
      'VM field(s) spec.template.spec.nodeSelector, spec.template.spec.domain.resources.limits.cpu, ' +
        'spec.template.spec.domain.cpu.cores, spec.template.spec.domain.memory.guest, annotations.a ' +
        'conflicts with selected instance type',
    )
  })
})

describe('a preference', () => {
  test.each([
    [4, undefined, { sockets: 4, cores: 1, threads: 1 }],
    [4, { cpu: { preferredCPUTopology: 'preferCores' } }, { sockets: 1, cores: 4, threads: 1 }],
    [4, { cpu: { preferredCPUTopology: 'any' } }, { sockets: 4, cores: 1, threads: 1 }],
    [8, spread({}), { sockets: 4, cores: 2, threads: 1 }],
    [8, spread({ across: 'CoresThreads' }), { sockets: 1, cores: 4, threads: 2 }],
    [16, spread({ across: 'SocketsCoresThreads', ratio: 4 }), { sockets: 2, cores: 4, threads: 2 }],
    [1, spread({}), { sockets: 1, cores: 1, threads: 1 }],
  ])('lays out %d CPUs as it wants', (cpus, preference, topology) => {
    expect(layOutCpus(cpus, preference)).toEqual(topology)
  })

  test('cannot spread CPUs that do not divide', () => {
    expect(spreadProblem({ cpu: { guest: 3 } }, spread({}))).toContain('3 vCPUs provided by the instance type')
    expect(spreadProblem({ cpu: { guest: 4 } }, spread({}))).toBeUndefined()
  })

  test('fills in what a machine leaves open and overrules nothing', () => {
    const template: JsonObject = {
      spec: {
        subdomain: 'own',
        networks: [{ name: 'default', pod: {} }],
        domain: {
          clock: { timezone: 'Europe/Rome' },
          devices: {
            disks: [{ name: 'a' }, { name: 'b', disk: { bus: 'scsi' } }, { name: 'c', cdrom: {} }],
            interfaces: [{ name: 'default' }],
            autoattachGraphicsDevice: true,
          },
        },
      },
    }
    applyInstanceType(template, {
      preference: {
        preferredSubdomain: 'wished',
        preferredTerminationGracePeriodSeconds: 30,
        clock: { preferredClockOffset: { utc: {} }, preferredTimer: { hyperv: {} } },
        devices: {
          preferredDiskBus: 'virtio',
          preferredCdromBus: 'sata',
          preferredInterfaceModel: 'e1000e',
          preferredInterfaceMasquerade: {},
          preferredAutoattachGraphicsDevice: false,
          preferredTPM: { persistent: true },
        },
        features: { preferredSmm: {}, preferredHyperv: { relaxed: {} } },
        firmware: { preferredEfi: { secureBoot: true }, preferredUseSecureBoot: false },
        machine: { preferredMachineType: 'pc-q35-9.2' },
      },
    })
    expect(template).toEqual({
      spec: {
        subdomain: 'own',
        terminationGracePeriodSeconds: 30,
        networks: [{ name: 'default', pod: {} }],
        domain: {
          clock: { timezone: 'Europe/Rome', timer: { hyperv: {} } },
          devices: {
            disks: [
              { name: 'a', disk: { bus: 'virtio' } },
              { name: 'b', disk: { bus: 'scsi' } },
              { name: 'c', cdrom: { bus: 'sata' } },
            ],
            interfaces: [{ name: 'default', model: 'e1000e', masquerade: {} }],
            autoattachGraphicsDevice: true,
            tpm: { persistent: true },
          },
          features: { smm: {}, hyperv: { relaxed: {} } },
          firmware: { bootloader: { efi: { secureBoot: true } } },
          machine: { type: 'pc-q35-9.2' },
        },
      },
    })
  })

  test.each([
    [
      { type: type(), preference: { requirements: { cpu: { guest: 8 } } }, machine: {} },
      'insufficient CPU resources of 4 vCPU provided by instance type, preference requires 8 vCPU',
    ],
    [
      {
        type: undefined,
        preference: { requirements: { cpu: { guest: 8 } }, cpu: { preferredCPUTopology: 'cores' } },
        machine: { domain: { cpu: { cores: 2, sockets: 8 } } },
      },
      'insufficient CPU resources of 2 vCPU provided by VirtualMachine, preference requires 8 vCPU provided as cores',
    ],
    [
      { type: type(), preference: { requirements: { memory: { guest: '4Gi' } } }, machine: {} },
      'insufficient Memory resources of 2Gi provided by instance type, preference requires 4Gi',
    ],
    [
      { type: undefined, preference: { requirements: { architecture: 'arm64' } }, machine: { architecture: 'amd64' } },
      'preference requires architecture arm64 but amd64 is being requested',
    ],
  ])('requires what it requires', (asked, message) => {
    expect(requirementProblem(asked)?.message).toBe(message)
  })

  test('is cluster-wide unless its kind says otherwise', () => {
    expect(matchedObject({ preference: { name: 'p' } }, 'preference')).toMatchObject({ namespaced: false })
    const named = { preference: { name: 'p', kind: 'VirtualMachinePreference' } }
    expect(matchedObject(named, 'preference')).toEqual({
      plural: 'virtualmachinepreferences',
      namespaced: true,
      name: 'p',
    })
    expect(matchedObject({ preference: { name: 'p', kind: 'Pod' } }, 'preference')).toBe(
      'got unexpected kind in PreferenceMatcher: Pod',
    )
  })
})
