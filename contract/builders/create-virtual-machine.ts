import { buildCloudConfig, type GuestAccess, readCloudConfig } from '../cloud-init/cloud-config'
import { buildIgnition, readIgnition } from '../cloud-init/ignition'
import type { Secret } from '../kinds/core'
import { checksumUrlAnnotation, type DataVolume, type DataVolumeSource } from '../kinds/data-volume'
import type { VirtualMachine } from '../kinds/virtual-machine'
import type { CloudInitSource, Domain, Volume } from '../kinds/virtual-machine-instance'
import type { KubeObject, OwnerReference } from '../kube-object'
import type { CreateVirtualMachineForm, DiskSource } from './create-virtual-machine-form'
import { binarySizePattern } from './sizes'

/** Which catalog image a machine was made from. */
export const imageAnnotation = 'chiave.io/image'
/** On objects that belong to a machine: its name. */
export const machineLabel = 'chiave.io/virtual-machine'

/** The Secret with a machine's user data, the only place where its first password is written. */
export function cloudInitSecretName(machine: string): string {
  return `${machine}-cloudinit`
}

/** The DataVolume (and claim) of a machine's first disk. */
export function rootVolumeName(machine: string): string {
  return `${machine}-root`
}

/** What is created, in this order. */
export interface MachineObjects {
  /** Absent when the guest is told nothing. */
  secret?: Secret
  /**
   * The first disk, when it is more than a template inside the machine can say: KubeVirt's copy of CDI's types knows no
   * checksum and would drop it silently.
   */
  dataVolume?: DataVolume
  machine: VirtualMachine
}

/** Builds the objects of a valid form (`createVirtualMachineSchema`). */
export function buildCreateVirtualMachine(form: CreateVirtualMachineForm): MachineObjects {
  const rootDisk = buildRootDisk(form)
  const standsAlone = rootDisk.spec.source?.http?.checksum !== undefined
  return {
    ...(form.seed === 'none' ? {} : { secret: buildSecret(form) }),
    ...(standsAlone ? { dataVolume: standAlone(rootDisk, form.namespace) } : {}),
    machine: buildMachine(form, standsAlone ? [] : [rootDisk]),
  }
}

/** The objects as the list that is previewed and sent. */
export function objectsToCreate({ secret, dataVolume, machine }: MachineObjects): KubeObject[] {
  return [secret, dataVolume, machine].filter((object) => object !== undefined)
}

/** The reference that makes an object go with its machine. */
export function ownedBy(machine: VirtualMachine): OwnerReference {
  return {
    apiVersion: machine.apiVersion,
    kind: machine.kind,
    name: machine.metadata.name,
    uid: machine.metadata.uid ?? '',
  }
}

function buildSecret(form: CreateVirtualMachineForm): Secret {
  const access: GuestAccess = {
    hostname: form.name,
    user: form.user,
    password: form.password === '' ? undefined : form.password,
    sshKeys: form.sshKeys.map((key) => key.trim()),
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: cloudInitSecretName(form.name),
      namespace: form.namespace,
      labels: { [machineLabel]: form.name },
    },
    type: 'Opaque',
    stringData: { userdata: form.seed === 'ignition' ? buildIgnition(access) : buildCloudConfig(access) },
  }
}

type RootDisk = NonNullable<VirtualMachine['spec']['dataVolumeTemplates']>[number]

function buildRootDisk(form: CreateVirtualMachineForm): RootDisk {
  return {
    metadata: {
      name: rootVolumeName(form.name),
      labels: { [machineLabel]: form.name },
      ...(form.source.type === 'http' && form.source.checksumUrl !== ''
        ? { annotations: { [checksumUrlAnnotation]: form.source.checksumUrl } }
        : {}),
    },
    spec: {
      source: buildSource(form.source),
      storage: { resources: { requests: { storage: form.diskSize } } },
    },
  }
}

function standAlone({ metadata, spec }: RootDisk, namespace: string): DataVolume {
  return { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { ...metadata, namespace }, spec }
}

function buildMachine(form: CreateVirtualMachineForm, dataVolumeTemplates: RootDisk[]): VirtualMachine {
  const seedVolume = buildSeedVolume(form)
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name: form.name,
      namespace: form.namespace,
      labels: { 'kubevirt.io/vm': form.name },
      ...(form.image === '' ? {} : { annotations: { [imageAnnotation]: form.image } }),
    },
    spec: {
      runStrategy: form.start ? 'Always' : 'Halted',
      ...(dataVolumeTemplates.length === 0 ? {} : { dataVolumeTemplates }),
      template: {
        metadata: { labels: { 'kubevirt.io/vm': form.name, 'kubevirt.io/domain': form.name } },
        spec: {
          domain: {
            cpu: { sockets: form.cpus, cores: 1, threads: 1 },
            memory: { guest: form.memory },
            ...buildFirmware(form.firmware),
            devices: {
              disks: [
                { name: 'rootdisk', bootOrder: 1, disk: { bus: 'virtio' } },
                ...(seedVolume ? [{ name: seedVolume.name, disk: { bus: 'virtio' } }] : []),
              ],
              // Without this the API server would add a bridge binding, which breaks live migration.
              interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }],
              rng: {},
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'rootdisk', dataVolume: { name: rootVolumeName(form.name) } },
            ...(seedVolume ? [seedVolume] : []),
          ],
        },
      },
    },
  }
}

function buildFirmware(firmware: CreateVirtualMachineForm['firmware']): Pick<Domain, 'firmware'> {
  switch (firmware) {
    case 'default':
      return {}
    case 'bios':
      return { firmware: { bootloader: { bios: {} } } }
    case 'efi':
      // Secure boot is on by default and would need SMM; images that want it say so by other means.
      return { firmware: { bootloader: { efi: { secureBoot: false } } } }
  }
}

function buildSource(source: DiskSource): DataVolumeSource {
  switch (source.type) {
    case 'http':
      return {
        http: {
          url: source.url,
          ...(source.checksum === '' ? {} : { checksum: source.checksum }),
          ...(source.certConfigMap === '' ? {} : { certConfigMap: source.certConfigMap }),
        },
      }
    case 'clone':
      return { pvc: { namespace: source.namespace, name: source.name } }
    case 'blank':
      return { blank: {} }
  }
}

function buildSeedVolume(form: CreateVirtualMachineForm): Volume | undefined {
  const secretRef: CloudInitSource = { secretRef: { name: cloudInitSecretName(form.name) } }
  switch (form.seed) {
    case 'cloud-init':
      return { name: 'cloudinit', cloudInitNoCloud: secretRef }
    case 'ignition':
      // Ignition reads the configuration drive of OpenStack; it knows no NoCloud.
      return { name: 'cloudinit', cloudInitConfigDrive: secretRef }
    case 'none':
      return undefined
  }
}

/**
 * The form that builds these objects; undefined when they say something that the form cannot (they were edited by hand).
 */
export function readCreateVirtualMachine(objects: MachineObjects): CreateVirtualMachineForm | undefined {
  const { secret, machine } = objects
  const { name, namespace = '', annotations = {} } = machine.metadata
  const disk = readDisk(objects, namespace)
  const access = readAccess(machine, secret)
  const { memory, cpu, firmware } = machine.spec.template.spec.domain
  if (!disk || !access || !binarySizePattern.test(memory?.guest ?? '')) return undefined
  return {
    image: annotations[imageAnnotation] ?? '',
    name,
    namespace,
    cpus: countCpus(cpu),
    memory: memory?.guest ?? '',
    firmware: readFirmware(firmware),
    start: machine.spec.runStrategy !== 'Halted',
    ...disk,
    ...access,
  }
}

/** How many CPUs a guest sees; what is not said is one. */
export function countCpus(cpu: Domain['cpu'] = {}): number {
  const { sockets = 1, cores = 1, threads = 1 } = cpu
  return sockets * cores * threads
}

function readFirmware(firmware: Domain['firmware']): CreateVirtualMachineForm['firmware'] {
  if (firmware?.bootloader?.efi) return 'efi'
  return firmware?.bootloader?.bios ? 'bios' : 'default'
}

function readDisk(
  { dataVolume, machine }: MachineObjects,
  namespace: string,
): Pick<CreateVirtualMachineForm, 'source' | 'diskSize'> | undefined {
  const disk = dataVolume ?? machine.spec.dataVolumeTemplates?.[0]
  const { source: from, storage } = disk?.spec ?? {}
  const source = readSource(from, { namespace, checksumUrl: disk?.metadata.annotations?.[checksumUrlAnnotation] ?? '' })
  const diskSize = storage?.resources?.requests?.storage ?? ''
  return source && binarySizePattern.test(diskSize) ? { source, diskSize } : undefined
}

function readSource(
  source: DataVolumeSource | undefined,
  { namespace, checksumUrl }: { namespace: string; checksumUrl: string },
): DiskSource | undefined {
  if (source?.http) {
    const { url, checksum = '', certConfigMap = '' } = source.http
    return { type: 'http', url, checksum, checksumUrl, certConfigMap }
  }
  if (source?.pvc) return { type: 'clone', namespace: source.pvc.namespace ?? namespace, name: source.pvc.name }
  return source?.blank ? { type: 'blank' } : undefined
}

type Access = Pick<CreateVirtualMachineForm, 'seed' | 'user' | 'password' | 'sshKeys'>

function readAccess(machine: VirtualMachine, secret: Secret | undefined): Access | undefined {
  const seeded = machine.spec.template.spec.volumes?.some(
    (volume) => volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive,
  )
  if (!seeded) return { seed: 'none', user: '', password: '', sshKeys: [] }
  const userData = secret ? readUserData(secret) : undefined
  const access = userData === undefined ? undefined : readGuestAccess(userData)
  if (!access || userData === undefined) return undefined
  return {
    seed: readIgnition(userData) ? 'ignition' : 'cloud-init',
    user: access.user,
    password: access.password ?? '',
    sshKeys: [...access.sshKeys],
  }
}

/** How one gets into a guest, from its user data in either format. */
export function readGuestAccess(userData: string): GuestAccess | undefined {
  return readCloudConfig(userData) ?? readIgnition(userData)
}

/** The user data that a Secret holds, decoded as UTF-8. */
export function readUserData(secret: Secret): string | undefined {
  const plain = secret.stringData?.['userdata']
  if (plain !== undefined) return plain
  const encoded = secret.data?.['userdata'] ?? secret.data?.['userData']
  if (encoded === undefined) return undefined
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)))
}
