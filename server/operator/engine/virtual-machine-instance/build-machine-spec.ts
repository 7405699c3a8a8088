import { createHash } from 'node:crypto'
import type { Disk, Domain, Interface, VirtualMachineInstance, Volume } from '@/contract/kinds/virtual-machine-instance'
import { quantityBytes } from '@/contract/quantity'
import type { CloudInitSeed, HostFacts, MachineDisk, MachineInterface, MachineSpec } from '../hypervisor-port'
import { findCloudInitVolume, hostnameOf, readCloudInit, type SecretTexts } from './cloud-init'
import { notSupported, ProblemError } from './problem'

export interface MachineInput {
  vmi: VirtualMachineInstance
  /** Disk id on the host of each volume that is a claim or DataVolume, by volume name. */
  disks: ReadonlyMap<string, string>
  secrets: SecretTexts
  host: Pick<HostFacts, 'firmware' | 'architecture'>
  /** The guest's address on the pod network. */
  address: string
}

/**
 * The machine an instance asks for. Pure: the same instance always gives the same machine. Throws a ProblemError that
 * says what this host cannot do.
 */
export function buildMachineSpec(input: MachineInput): MachineSpec {
  const { vmi } = input
  const { domain } = vmi.spec
  const { devices } = domain
  const uid = vmi.metadata.uid ?? ''
  const cloudInit = buildSeed(input)
  const serial = domain.firmware?.serial
  refuseUnknownMachine(vmi, input.host)
  return {
    id: uid,
    name: `${vmi.metadata.namespace}/${vmi.metadata.name}`,
    uuid: domain.firmware?.uuid ?? uid,
    ...(serial === undefined ? {} : { serial }),
    machineType: 'q35',
    cpu: { ...readTopology(domain), model: domain.cpu?.model ?? 'host-model' },
    memoryBytes: guestMemoryBytes(domain),
    firmware: readFirmware(domain, input.host),
    disks: buildDisks(input),
    ...(cloudInit ? { cloudInit } : {}),
    interfaces: buildInterfaces(input),
    vga: devices.autoattachGraphicsDevice !== false,
    serialConsole: devices.autoattachSerialConsole !== false,
    rng: devices.rng !== undefined,
    tpm: devices.tpm !== undefined && devices.tpm.enabled !== false,
    startPaused: vmi.spec.startStrategy === 'Paused',
  }
}

/** The guest's memory in bytes: `memory.guest`, else the requested memory, else its limit. */
export function guestMemoryBytes(domain: Domain): number {
  const { memory, resources } = domain
  const text = memory?.guest ?? resources?.requests?.['memory'] ?? resources?.limits?.['memory']
  const bytes = quantityBytes(text)
  if (bytes === undefined || bytes < 1_000_000) {
    const message =
      text === undefined
        ? 'the machine has no memory: set spec.domain.memory.guest'
        : `${text} is not a usable amount of memory`
    throw new ProblemError({ reason: 'InvalidSpec', message })
  }
  // QEMU wants whole pages; a MiB is the step people and guests expect.
  return Math.ceil(bytes / 2 ** 20) * 2 ** 20
}

/** The CPU topology; a machine that only requests CPUs gets that many sockets. */
export function readTopology({ cpu = {}, resources = {} }: Domain): {
  sockets: number
  cores: number
  threads: number
} {
  const { sockets, cores = 1, threads = 1 } = cpu
  const given = sockets !== undefined || cpu.cores !== undefined || cpu.threads !== undefined
  const requested = quantityBytes(resources.requests?.['cpu'] ?? resources.limits?.['cpu'])
  if (!given && requested) return { sockets: requested, cores, threads }
  return { sockets: sockets ?? 1, cores, threads }
}

function refuseUnknownMachine({ spec }: VirtualMachineInstance, host: MachineInput['host']): void {
  const type = spec.domain.machine?.type ?? 'q35'
  if (type !== 'q35' && !/^pc-q35-[\w.-]+$/.test(type))
    throw notSupported(`machine type ${type} is not available on this host; use q35`)
  if (spec.architecture && spec.architecture !== host.architecture) {
    throw notSupported(`this host runs ${host.architecture} machines, not ${spec.architecture}`)
  }
  if (spec.domain.memory?.hugepages) throw notSupported('huge pages are not available on this host')
  // Lists of devices that are passed through; unknown to our types because nothing else reads them.
  const devices = spec.domain.devices as Record<string, unknown>
  for (const [field, words] of passthrough) {
    if (Array.isArray(devices[field]) && devices[field].length > 0)
      throw notSupported(`${words} are not available on this host`)
  }
}

const passthrough = [
  ['gpus', 'GPUs'],
  ['hostDevices', 'host devices'],
  ['filesystems', 'shared file systems'],
] as const

function readFirmware(domain: Domain, host: MachineInput['host']): MachineSpec['firmware'] {
  const efi = domain.firmware?.bootloader?.efi
  if (!efi) return { type: 'bios' }
  const secureBoot = efi.secureBoot !== false
  if (!host.firmware.efi) throw notSupported('EFI firmware is not installed on this host (package ovmf)')
  if (secureBoot && !host.firmware.efiSecureBoot)
    throw notSupported('Secure Boot firmware is not installed on this host (package ovmf)')
  return { type: 'efi', secureBoot }
}

function buildDisks({ vmi, disks }: MachineInput): MachineDisk[] {
  const result: MachineDisk[] = []
  const declared = new Map((vmi.spec.domain.devices.disks ?? []).map((disk) => [disk.name, disk]))
  for (const volume of inDiskOrder(vmi)) {
    const diskId = disks.get(volume.name)
    if (volume === findCloudInitVolume(vmi)) continue
    if (diskId === undefined) throw new ProblemError(whyNoDisk(volume))
    result.push(buildDisk(declared.get(volume.name) ?? { name: volume.name }, diskId))
  }
  return result
}

/** Volumes in the order of the machine's disks (which is the boot order where none is given), then those without one. */
export function inDiskOrder(vmi: VirtualMachineInstance): Volume[] {
  const order = (vmi.spec.domain.devices.disks ?? []).map((disk) => disk.name)
  const rank = (volume: Volume) => (order.includes(volume.name) ? order.indexOf(volume.name) : order.length)
  return [...(vmi.spec.volumes ?? [])].sort((a, b) => rank(a) - rank(b))
}

function buildDisk(disk: Disk, diskId: string): MachineDisk {
  const { name, serial, bootOrder, cache, io } = disk
  return {
    name,
    diskId,
    bus: readBus(disk),
    device: disk.cdrom ? 'cdrom' : disk.lun ? 'lun' : 'disk',
    readOnly: isReadOnly(disk),
    ...(serial === undefined ? {} : { serial }),
    ...(bootOrder === undefined ? {} : { bootOrder }),
    ...(cache === 'none' || cache === 'writethrough' || cache === 'writeback' ? { cache } : {}),
    ...(io === 'native' || io === 'threads' ? { io } : {}),
  }
}

function isReadOnly({ cdrom, disk, lun }: Disk): boolean {
  return cdrom ? cdrom.readonly !== false : (disk?.readonly ?? lun?.readonly ?? false)
}

export function readBus(disk: Disk): MachineDisk['bus'] {
  const bus = disk.disk?.bus ?? disk.cdrom?.bus ?? disk.lun?.bus ?? 'sata'
  if (bus === 'virtio' || bus === 'sata' || bus === 'scsi' || bus === 'usb') return bus
  throw notSupported(`disk ${disk.name}: bus ${bus} is not available; use virtio, sata, scsi or usb`)
}

function whyNoDisk(volume: Volume): ProblemError['problem'] {
  const { name, containerDisk } = volume
  if (containerDisk) {
    const message = `volume ${name}: images from a container registry (${containerDisk.image}) are not available on this host yet; import the disk by its URL as a DataVolume instead`
    return { reason: 'ErrImagePull', message }
  }
  const kind = Object.keys(volume).find((field) => field !== 'name') ?? 'without a source'
  const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name
  if (claim !== undefined)
    return { reason: 'FailedPvcNotFound', message: `volume ${name}: its claim ${claim} is not ready` }
  return {
    reason: 'NotSupported',
    message: `volume ${name}: volumes of type ${kind} are not available on this host yet`,
  }
}

function buildSeed(input: MachineInput): CloudInitSeed | undefined {
  const content = readCloudInit(input.vmi, input.secrets)
  if (!content) return undefined
  const disk = input.vmi.spec.domain.devices.disks?.find(({ name }) => name === content.name) ?? { name: content.name }
  const bootOrder = disk.bootOrder
  return {
    ...content,
    bus: readBus(disk),
    device: disk.cdrom ? 'cdrom' : 'disk',
    ...(bootOrder === undefined ? {} : { bootOrder }),
  }
}

const models = ['virtio', 'e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139'] as const

function buildInterfaces({ vmi, address }: MachineInput): MachineInterface[] {
  const { interfaces, autoattachPodInterface } = vmi.spec.domain.devices
  const networks = new Map((vmi.spec.networks ?? []).map((network) => [network.name, network]))
  const implied: Interface[] = autoattachPodInterface === false ? [] : [{ name: 'default', masquerade: {} }]
  return (interfaces?.length ? interfaces : implied).map((iface) => {
    const network = networks.get(iface.name)
    if (network?.multus) {
      const message = `interface ${iface.name}: secondary networks (${network.multus.networkName}) are not available on this host yet`
      throw notSupported(message)
    }
    if (iface.sriov || iface.binding) {
      throw notSupported(`interface ${iface.name}: only masquerade and bridge bindings are available on this host`)
    }
    const { bootOrder } = iface
    const model = models.find((known) => known === (iface.model ?? 'virtio'))
    if (!model) throw notSupported(`interface ${iface.name}: model ${iface.model} is not available`)
    return {
      name: iface.name,
      mac: macOf(vmi, iface),
      model,
      ...(bootOrder === undefined ? {} : { bootOrder }),
      up: iface.state !== 'down',
      backend: { type: 'user', address, hostname: hostnameOf(vmi) },
    }
  })
}

/** The given address, else one that follows from the machine's name, so that it stays over restarts. */
export function macOf(vmi: VirtualMachineInstance, iface: Interface): string {
  if (iface.macAddress) return iface.macAddress.toLowerCase().replaceAll('-', ':')
  const seed = `${vmi.metadata.namespace}/${vmi.metadata.name}/${iface.name}`
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 5)
  return ['02', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
