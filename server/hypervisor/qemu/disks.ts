import type { MachineDisk, MachineSpec } from '@/server/operator/engine/hypervisor-port'
import type { BootOrder } from './boot-order'
import { option } from './option'

/** Where a disk's bytes are, and what its file system can do. */
export interface DiskFile {
  path: string
  /** O_DIRECT works there; without it `cache: none` and `io: native` fall back to the page cache and threads. */
  directIo: boolean
}

/** The first PCI slot of the virtio disks; fixed, so that more disks never rename a guest's network interfaces. */
const firstDiskSlot = 0x10
const diskSlots = 14
/** The ports of q35's own SATA controller. */
const sataPorts = 6

type AnyDisk = Omit<MachineDisk, 'diskId'>

/** Counts what each bus has handed out. */
interface Buses {
  virtio: number
  sata: number
  scsi: number
  usb: number
}

/** The arguments of all disks, the cloud-init image last, with the controllers they need. */
export function buildDisks(spec: MachineSpec, files: ReadonlyMap<string, DiskFile>, order: BootOrder): string[] {
  const seeds: AnyDisk[] = spec.cloudInit ? [{ ...spec.cloudInit, readOnly: true }] : []
  const disks: AnyDisk[] = [...spec.disks, ...seeds]
  const crowded = disks.filter((disk) => disk.bus === 'virtio').length > diskSlots
  const buses: Buses = { virtio: 0, sata: 0, scsi: 0, usb: 0 }
  const args: string[] = []
  if (disks.some((disk) => disk.bus === 'scsi'))
    args.push('-device', option('virtio-scsi-pci', { id: 'scsi0', bus: 'pcie.0', addr: '0x5' }))
  for (const [index, disk] of disks.entries()) {
    const file = files.get(disk.name)
    if (!file) throw new Error(`no file for disk ${disk.name}`)
    const node = `disk${index}`
    args.push('-blockdev', buildBlockdev(node, disk, file))
    for (const device of buildDevices({ disk, node, buses, crowded, bootIndex: order.disk(disk.name) }))
      args.push('-device', device)
  }
  return args
}

function isReadOnly(disk: AnyDisk): boolean {
  return disk.readOnly || disk.device === 'cdrom'
}

/** JSON, since a path may contain anything. */
function buildBlockdev(node: string, disk: AnyDisk, file: DiskFile): string {
  const direct = file.directIo && (disk.cache === 'none' || disk.io === 'native')
  return JSON.stringify({
    driver: 'raw',
    'node-name': node,
    'read-only': isReadOnly(disk),
    discard: 'unmap',
    cache: { direct },
    file: {
      driver: 'file',
      'node-name': `${node}-file`,
      filename: file.path,
      'read-only': isReadOnly(disk),
      // QEMU refuses native I/O through the page cache.
      aio: disk.io === 'native' && direct ? 'native' : 'threads',
      cache: { direct },
      discard: 'unmap',
    },
  })
}

interface DeviceInput {
  disk: AnyDisk
  node: string
  buses: Buses
  crowded: boolean
  bootIndex: number | undefined
}

function buildDevices({ disk, node, buses, crowded, bootIndex }: DeviceInput): string[] {
  const cdrom = disk.device === 'cdrom'
  const common = {
    id: `disk-${disk.name}`,
    drive: node,
    bootindex: bootIndex,
    serial: disk.serial,
    'write-cache': cdrom ? undefined : disk.cache === 'writethrough' ? 'off' : 'on',
  }
  const position = buses[disk.bus]++
  switch (disk.bus) {
    case 'virtio':
      return [option('virtio-blk-pci', { ...common, bus: 'pcie.0', ...virtioAddress(position, crowded) })]
    case 'sata': {
      const { bus, controller } = sataPlace(position)
      return [...controller, option(cdrom ? 'ide-cd' : 'ide-hd', { ...common, bus })]
    }
    case 'scsi':
      return [
        option(cdrom ? 'scsi-cd' : 'scsi-hd', { ...common, bus: 'scsi0.0', channel: 0, 'scsi-id': 0, lun: position }),
      ]
    case 'usb': {
      const bridge = `usb-bot${position}`
      return [
        option('usb-bot', { id: bridge, bus: 'usb.0' }),
        option(cdrom ? 'scsi-cd' : 'scsi-hd', { ...common, bus: `${bridge}.0`, lun: 0 }),
      ]
    }
  }
}

/** A slot each while there are enough; else the slots' further functions are used too. */
function virtioAddress(position: number, crowded: boolean): { addr: string; multifunction?: boolean } {
  const slot = `0x${(firstDiskSlot + (position % diskSlots)).toString(16)}`
  if (!crowded) return { addr: slot }
  const addr = `${slot}.${Math.floor(position / diskSlots)}`
  return position < diskSlots ? { addr, multifunction: true } : { addr }
}

/** A port, and the further controller it needs when it is the first one on it. */
function sataPlace(position: number): { bus: string; controller: string[] } {
  const [number, port] = [Math.floor(position / sataPorts), position % sataPorts]
  if (number === 0) return { bus: `ide.${port}`, controller: [] }
  const id = `ahci${number}`
  return { bus: `${id}.${port}`, controller: port === 0 ? [option('ich9-ahci', { id, bus: 'pcie.0' })] : [] }
}
