import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as YAML from 'yaml'
import { createFieldOf, placeCreateErrors } from './create-field-of'
import {
  buildCreateVirtualMachine,
  objectsToCreate,
  readCreateVirtualMachine,
  readGuestAccess,
  readUserData,
} from './create-virtual-machine'
import {
  type CreateVirtualMachineForm,
  createVirtualMachineSchema,
  type DiskSource,
} from './create-virtual-machine-form'
import { maskedValue, maskSecretValues, printManifest, readYaml, withoutManagedFields } from './manifest'
import { binarySize, binarySizeBytes, machineSizes, smallestSizeFor } from './sizes'

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbKxF+C7dRr3gp1cLeD2dTQ0Jx2yXgmC0kkAuUG6J5m ada@desk'

const form: CreateVirtualMachineForm = {
  image: 'chiave-demo',
  source: {
    type: 'http',
    url: 'https://127.0.0.1:8007/images/chiave-demo.qcow2',
    checksum: '',
    checksumUrl: '',
    certConfigMap: 'kube-root-ca.crt',
  },
  firmware: 'default',
  name: 'demo-quiet-otter',
  namespace: 'default',
  cpus: 1,
  memory: '128Mi',
  diskSize: '1Gi',
  start: true,
  seed: 'cloud-init',
  user: 'chiave',
  password: 'k7mxq-3dvp9-wfh2t',
  sshKeys: [],
}

describe('the machine that the short form makes', () => {
  test('is exactly this manifest', () => {
    expect(printManifest(objectsToCreate(buildCreateVirtualMachine(form)))).toMatchInlineSnapshot(`
      "apiVersion: v1
      kind: Secret
      metadata:
        name: demo-quiet-otter-cloudinit
        namespace: default
        labels:
          chiave.io/virtual-machine: demo-quiet-otter
      type: Opaque
      stringData:
        userdata: |
          #cloud-config
          hostname: demo-quiet-otter
          user: chiave
          password: k7mxq-3dvp9-wfh2t
          chpasswd: { expire: false }
          ssh_pwauth: true
      ---
      apiVersion: kubevirt.io/v1
      kind: VirtualMachine
      metadata:
        name: demo-quiet-otter
        namespace: default
        labels:
          kubevirt.io/vm: demo-quiet-otter
        annotations:
          chiave.io/image: chiave-demo
      spec:
        runStrategy: Always
        dataVolumeTemplates:
          - metadata:
              name: demo-quiet-otter-root
              labels:
                chiave.io/virtual-machine: demo-quiet-otter
            spec:
              source:
                http:
                  url: https://127.0.0.1:8007/images/chiave-demo.qcow2
                  certConfigMap: kube-root-ca.crt
              storage:
                resources:
                  requests:
                    storage: 1Gi
        template:
          metadata:
            labels:
              kubevirt.io/vm: demo-quiet-otter
              kubevirt.io/domain: demo-quiet-otter
          spec:
            domain:
              cpu:
                sockets: 1
                cores: 1
                threads: 1
              memory:
                guest: 128Mi
              devices:
                disks:
                  - name: rootdisk
                    bootOrder: 1
                    disk:
                      bus: virtio
                  - name: cloudinit
                    disk:
                      bus: virtio
                interfaces:
                  - name: default
                    model: virtio
                    masquerade: {}
                rng: {}
            networks:
              - name: default
                pod: {}
            volumes:
              - name: rootdisk
                dataVolume:
                  name: demo-quiet-otter-root
              - name: cloudinit
                cloudInitNoCloud:
                  secretRef:
                    name: demo-quiet-otter-cloudinit
      "
    `)
  })

  test('never carries its password outside the Secret, and a preview not even there', () => {
    const { secret, machine } = buildCreateVirtualMachine(form)
    expect(JSON.stringify(machine)).not.toContain(form.password)
    expect(JSON.stringify(secret)).toContain(form.password)
    const preview = printManifest(objectsToCreate(buildCreateVirtualMachine(form)).map(maskSecretValues))
    expect(preview).not.toContain(form.password)
    expect(preview).toContain(`userdata: "${maskedValue}"`)
  })

  test('without log-in has no Secret and no seed disk', () => {
    const bare = { ...form, seed: 'none', user: '', password: '' } as const
    const { secret, machine } = buildCreateVirtualMachine(bare)
    expect(secret).toBeUndefined()
    expect(machine.spec.template.spec.volumes).toHaveLength(1)
    expect(machine.spec.template.spec.domain.devices.disks).toHaveLength(1)
  })

  test('with a checksum has its disk beside it, because a template would lose the checksum', () => {
    const checksum = `sha256:${'0a'.repeat(32)}`
    const { dataVolume, machine } = buildCreateVirtualMachine({
      ...form,
      source: { type: 'http', url: 'https://example.org/disk.qcow2', checksum, checksumUrl: '', certConfigMap: '' },
    })
    expect(machine.spec.dataVolumeTemplates).toBeUndefined()
    expect(machine.spec.template.spec.volumes?.[0]).toEqual({
      name: 'rootdisk',
      dataVolume: { name: 'demo-quiet-otter-root' },
    })
    expect(dataVolume).toMatchObject({
      metadata: { name: 'demo-quiet-otter-root', namespace: 'default' },
      spec: { source: { http: { checksum } } },
    })
  })

  test('with Ignition reads a configuration drive', () => {
    const core = { ...form, seed: 'ignition', user: 'core', password: '', sshKeys: [sshKey] } as const
    const { secret, machine } = buildCreateVirtualMachine({ ...core, sshKeys: [sshKey] })
    expect(machine.spec.template.spec.volumes?.[1]).toEqual({
      name: 'cloudinit',
      cloudInitConfigDrive: { secretRef: { name: 'demo-quiet-otter-cloudinit' } },
    })
    expect(readGuestAccess(readUserData(secret ?? fail()) ?? '')).toMatchObject({ user: 'core', sshKeys: [sshKey] })
  })
})

function fail(): never {
  throw new Error('there should have been a Secret')
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/)
const size = fc
  .tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('Mi', 'Gi', 'Ti'))
  .map(([n, unit]) => `${n}${unit}`)
const source: fc.Arbitrary<DiskSource> = fc.oneof(
  fc.record({
    type: fc.constant('http' as const),
    url: fc.webUrl(),
    checksum: fc.constantFrom('', `sha256:${'0a'.repeat(32)}`, `sha512:${'0a'.repeat(64)}`),
    checksumUrl: fc.constantFrom('', 'https://example.org/SHA256SUMS'),
    certConfigMap: fc.constantFrom('', 'kube-root-ca.crt'),
  }),
  fc.record({ type: fc.constant('clone' as const), namespace: label, name: label }),
  fc.record({ type: fc.constant('blank' as const) }),
)
const user = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,31}$/)
const password = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text))
const access: fc.Arbitrary<Pick<CreateVirtualMachineForm, 'seed' | 'user' | 'password' | 'sshKeys'>> = fc.oneof(
  fc.record({
    seed: fc.constant('cloud-init' as const),
    user,
    password,
    sshKeys: fc.constantFrom<string[]>([], [sshKey]),
  }),
  fc.record({
    seed: fc.constant('ignition' as const),
    user,
    password: fc.constant(''),
    sshKeys: fc.constant<string[]>([sshKey]),
  }),
  fc.constant({ seed: 'none' as const, user: '', password: '', sshKeys: [] as string[] }),
)
const forms = fc
  .record({
    image: fc.constantFrom('', 'debian-12'),
    source,
    name: label,
    namespace: label,
    cpus: fc.integer({ min: 1, max: 256 }),
    memory: size,
    diskSize: size,
    firmware: fc.constantFrom('default' as const, 'bios' as const, 'efi' as const),
    start: fc.boolean(),
  })
  .chain((machine) => access.map((how): CreateVirtualMachineForm => ({ ...machine, ...how })))

describe('form and manifest', () => {
  test('every valid form comes back from its objects as it was', () => {
    fc.assert(
      fc.property(forms, (typed) => {
        expect(createVirtualMachineSchema.parse(typed)).toEqual(typed)
        expect(readCreateVirtualMachine(buildCreateVirtualMachine(typed))).toEqual(typed)
      }),
    )
  })

  test('also from a Secret as the server returns it, base64 of UTF-8', () => {
    const typed = { ...form, password: 'città-più-è-0' }
    const { secret, machine } = buildCreateVirtualMachine(typed)
    const { stringData, ...rest } = secret ?? fail()
    const stored = { ...rest, data: { userdata: Buffer.from(stringData?.['userdata'] ?? '').toString('base64') } }
    expect(readCreateVirtualMachine({ secret: stored, machine })).toEqual(typed)
  })

  test('what the form cannot say is not read into it', () => {
    const objects = buildCreateVirtualMachine(form)
    expect(readCreateVirtualMachine({ machine: objects.machine })).toBeUndefined()
    const other = structuredClone(objects)
    other.machine.spec.template.spec.domain.memory = { guest: '1500M' }
    expect(readCreateVirtualMachine(other)).toBeUndefined()
  })
})

describe('the form says what is wrong, at its field', () => {
  test.each<[Partial<CreateVirtualMachineForm>, string, string]>([
    [{ name: 'A' }, 'name', 'name.characters'],
    [{ namespace: '' }, 'namespace', 'namespace.empty'],
    [{ cpus: 0 }, 'cpus', 'cpus.invalid'],
    [{ cpus: Number.NaN }, 'cpus', 'cpus.invalid'],
    [{ memory: '1.5Gi' }, 'memory', 'memory.invalid'],
    [{ diskSize: '' }, 'diskSize', 'diskSize.invalid'],
    [{ user: 'Root' }, 'user', 'user.invalid'],
    [{ password: '' }, 'password', 'access.none'],
    [{ password: 'a\nb' }, 'password', 'password.invalid'],
    [{ sshKeys: ['hello'] }, 'sshKeys.0', 'sshKey.unsupported'],
    [{ seed: 'ignition' }, 'password', 'password.unsupported'],
    [{ seed: 'ignition', password: '' }, 'sshKeys', 'sshKeys.needed'],
    [
      { source: { type: 'http', url: 'ftp://a', checksum: '', checksumUrl: '', certConfigMap: '' } },
      'source.url',
      'url.invalid',
    ],
    [
      { source: { type: 'http', url: 'http://a', checksum: 'x', checksumUrl: '', certConfigMap: '' } },
      'source.checksum',
      'checksum.invalid',
    ],
    [{ source: { type: 'clone', namespace: '', name: '' } }, 'source.name', 'claim.empty'],
  ])('%j', (change, path, message) => {
    const { error } = createVirtualMachineSchema.safeParse({ ...form, ...change })
    expect(error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)).toContain(`${path}: ${message}`)
  })
})

describe('what the server refuses lands on the field that caused it', () => {
  test.each([
    ['metadata.name', 'name'],
    ['spec.template.spec.domain.memory.guest', 'memory'],
    ['spec.template.spec.domain.resources.requests.memory', 'memory'],
    ['spec.template.spec.domain.cpu.sockets', 'cpus'],
    ['spec.dataVolumeTemplates[0].spec.source.http.url', 'source.url'],
    ['spec.dataVolumeTemplates[0].spec.storage.resources.requests.storage', 'diskSize'],
    ['spec.dataVolumeTemplate.name', 'name'],
    ['spec.template.spec.volumes[1].cloudInitNoCloud', 'user'],
    ['spec.template.spec.domain.firmware', undefined],
  ])('%s → %s', (path, field) => {
    expect(createFieldOf(path)).toBe(field)
  })

  const refusal = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const

  test('each word once, in the server’s words', () => {
    const cause = { field: 'spec.template.spec.domain.memory.guest', message: 'too large' }
    const causes = [cause, cause, { message: 'quota' }, { field: 'spec.x', message: 'odd' }]
    expect(placeCreateErrors({ ...refusal, message: 'all', details: { causes } })).toEqual({
      fields: [{ field: 'memory', message: 'too large' }],
      general: ['quota', 'spec.x: odd'],
    })
  })

  test('a name that is taken is about the name, everything without a cause is general', () => {
    expect(placeCreateErrors({ ...refusal, reason: 'AlreadyExists', message: 'exists' }).fields).toEqual([
      { field: 'name', message: 'exists' },
    ])
    expect(placeCreateErrors({ ...refusal, reason: 'Forbidden', message: 'exceeded quota' })).toEqual({
      fields: [],
      general: ['exceeded quota'],
    })
  })
})

describe('YAML', () => {
  test('what is printed is read again', () => {
    const { machine } = buildCreateVirtualMachine(form)
    expect(readYaml(printManifest([machine]))).toEqual({ object: machine })
  })

  test.each([
    ['', 'not-an-object'],
    ['a: [', 'syntax'],
    ['just text', 'not-an-object'],
    ['apiVersion: v1\nkind: A\nmetadata: {}', 'not-an-object'],
    ['apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\nb: 1', 'several'],
  ])('%j is refused: %s', (text, problem) => {
    expect(readYaml(text)).toMatchObject({ problem })
  })

  test('managedFields are left out of what is edited', () => {
    const object = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a', managedFields: [{}] } }
    expect(withoutManagedFields(object)).toEqual({ apiVersion: 'v1', kind: 'A', metadata: { name: 'a' } })
  })
})

describe('sizes', () => {
  test('are offered from small to large and are valid', () => {
    const bytes = machineSizes.map((machineSize) => binarySizeBytes(machineSize.memory) ?? 0)
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b))
    expect(bytes.every((count) => count > 0)).toBe(true)
  })

  test('the smallest that fits is chosen', () => {
    expect(smallestSizeFor(128 * 2 ** 20).id).toBe('tiny')
    expect(smallestSizeFor(129 * 2 ** 20).id).toBe('small')
    expect(smallestSizeFor(2 ** 50).id).toBe('huge')
  })

  test('bytes and text agree', () => {
    expect(binarySize(3 * 2 ** 30)).toBe('3Gi')
    expect(binarySize(2 ** 30 + 1)).toBe('1025Mi')
    fc.assert(
      fc.property(size, (text) => binarySizeBytes(binarySize(binarySizeBytes(text) ?? 0)) === binarySizeBytes(text)),
    )
  })
})

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  required?: string[]
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** Paths that a structural schema does not know, or misses. */
function strangers(schema: JsonSchema, value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => strangers(schema.items ?? {}, item, `${path}[]`))
  if (typeof value !== 'object' || value === null) return []
  const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`)
  const inner = Object.entries(value).flatMap(([key, child]) => {
    const known = schema.properties?.[key]
    if (known) return strangers(known, child, `${path}.${key}`)
    const free = schema.additionalProperties ?? schema['x-kubernetes-preserve-unknown-fields']
    return free || !schema.properties ? [] : [`${path}.${key} is unknown`]
  })
  return [...missing, ...inner]
}

const crdFile = (name: string) => new URL(`../../../shared/api/crds/${name}.yaml`, import.meta.url)
const virtualMachineCrd = crdFile('kubevirt/virtualmachines.kubevirt.io')
const dataVolumeCrd = crdFile('cdi/datavolumes.cdi.kubevirt.io')

function schemaOf(file: URL, version: string): JsonSchema {
  // A CustomResourceDefinition is what the file holds.
  const crd = YAML.parse(readFileSync(file, 'utf8')) as {
    spec: { versions: { name: string; schema: { openAPIV3Schema: JsonSchema } }[] }
  }
  const found = crd.spec.versions.find(({ name }) => name === version)
  if (!found) throw new Error(`${file} has no version ${version}`)
  return found.schema.openAPIV3Schema
}

// The folder with the projects' own CRDs is not part of a clone.
describe.skipIf(!existsSync(virtualMachineCrd))('against the schemas of KubeVirt and CDI', () => {
  test('every field exists and none is missing', () => {
    const machineSchema = schemaOf(virtualMachineCrd, 'v1')
    const dataVolumeSchema = schemaOf(dataVolumeCrd, 'v1beta1')
    expect(
      strangers(machineSchema, { spec: { template: { spec: { domain: { devices: { discs: [] } } } } } }),
    ).toContain('.spec.template.spec.domain.devices.discs is unknown')
    fc.assert(
      fc.property(forms, (typed) => {
        const { machine, dataVolume } = buildCreateVirtualMachine(typed)
        expect(strangers(machineSchema, { spec: machine.spec })).toEqual([])
        if (dataVolume) expect(strangers(dataVolumeSchema, { spec: dataVolume.spec })).toEqual([])
      }),
      { numRuns: 30 },
    )
  })
})
