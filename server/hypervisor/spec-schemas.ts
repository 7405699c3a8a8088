import { z } from 'zod'
import {
  type CloudInitSeed,
  type DiskSpec,
  HypervisorError,
  type MachineDisk,
  type MachineInterface,
  type MachineSpec,
  type PortTarget,
} from '@/server/operator/engine/hypervisor-port'
import { isGuestAddress } from './qemu/network'

/** What may become a file name: no separator, no leading dot or dash. */
export const idSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'is not a valid id')

/** A port of a guest, as it comes over the wire. */
export const portTargetSchema: z.ZodType<PortTarget> = z.strictObject({
  id: idSchema,
  port: z.int().min(1).max(65_535),
  protocol: z.enum(['tcp', 'udp']),
})

/** The largest guest memory accepted, 16 TiB. */
const maxMemoryBytes = 16 * 2 ** 40

// Control characters have no place in titles, serials or logs; the command line escapes the rest.
const printable = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\P{C}+$/u, 'contains control characters')

const deviceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'is not a valid device name')
const bus = z.enum(['virtio', 'sata', 'scsi', 'usb'])
const bootOrder = z.exactOptional(z.int().min(1).max(10_000))

const diskSchema: z.ZodType<MachineDisk> = z.strictObject({
  name: deviceName,
  diskId: idSchema,
  bus,
  device: z.enum(['disk', 'cdrom', 'lun']),
  readOnly: z.boolean(),
  serial: z.exactOptional(printable(128)),
  bootOrder,
  cache: z.exactOptional(z.enum(['none', 'writethrough', 'writeback'])),
  io: z.exactOptional(z.enum(['native', 'threads'])),
})

const seedSchema: z.ZodType<CloudInitSeed> = z.strictObject({
  name: deviceName,
  type: z.enum(['noCloud', 'configDrive']),
  bus,
  device: z.enum(['disk', 'cdrom']),
  bootOrder,
  userData: z.string().max(2 ** 21),
  networkData: z.exactOptional(z.string().max(2 ** 21)),
  metaData: z.record(z.string().max(255), z.unknown()),
})

const interfaceSchema: z.ZodType<MachineInterface> = z.strictObject({
  name: deviceName,
  // An odd first octet is a multicast address, which no interface may have.
  mac: z.string().regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i, 'is not a unicast MAC address'),
  model: z.enum(['virtio', 'e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139']),
  bootOrder,
  up: z.boolean(),
  backend: z.strictObject({
    type: z.literal('user'),
    address: z.string().refine(isGuestAddress, 'is not an address for a guest in 10.42.0.0/16'),
    hostname: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, 'is not a host name'),
  }),
})

const count = z.int().min(1).max(255)

/** Every string that can reach a command line, a path or a log is constrained here. */
export const machineSpecSchema: z.ZodType<MachineSpec> = z
  .strictObject({
    id: idSchema,
    name: printable(512),
    uuid: z.guid(),
    serial: z.exactOptional(printable(256)),
    machineType: z.literal('q35'),
    cpu: z.strictObject({
      sockets: count,
      cores: count,
      threads: count,
      model: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'is not a CPU model'),
    }),
    memoryBytes: z
      .int()
      .min(2 ** 20)
      .max(maxMemoryBytes),
    firmware: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('bios') }),
      z.strictObject({ type: z.literal('efi'), secureBoot: z.boolean() }),
    ]),
    disks: z.array(diskSchema).max(64),
    cloudInit: z.exactOptional(seedSchema),
    interfaces: z.array(interfaceSchema).max(8),
    vga: z.boolean(),
    serialConsole: z.boolean(),
    rng: z.boolean(),
    tpm: z.boolean(),
    startPaused: z.boolean(),
  })
  .superRefine((spec, context) => {
    const { sockets, cores, threads } = spec.cpu
    if (sockets * cores * threads > 255)
      context.addIssue({ code: 'custom', path: ['cpu'], message: 'has more than 255 CPUs' })
    const names = [...spec.disks.map((disk) => disk.name), ...(spec.cloudInit ? [spec.cloudInit.name] : [])]
    if (new Set(names).size < names.length)
      context.addIssue({ code: 'custom', path: ['disks'], message: 'have the same name twice' })
    if (new Set(spec.interfaces.map((nic) => nic.name)).size < spec.interfaces.length)
      context.addIssue({ code: 'custom', path: ['interfaces'], message: 'have the same name twice' })
  })

const text = z.string().max(65_536)

/** The shape only: what the values may be is for the disks to say. */
export const diskSpecSchema: z.ZodType<DiskSpec> = z.strictObject({
  id: idSchema,
  name: printable(512),
  sizeBytes: z.int().min(1),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('blank') }),
    z.strictObject({ type: z.literal('clone'), diskId: idSchema }),
    z.strictObject({
      type: z.literal('http'),
      url: text,
      checksum: z.exactOptional(text),
      checksumUrl: z.exactOptional(text),
      caCertificates: z.exactOptional(z.string().max(2 ** 20)),
      insecureSkipVerify: z.exactOptional(z.boolean()),
      headers: z.exactOptional(z.array(text).max(100)),
      basicAuth: z.exactOptional(z.strictObject({ user: text, password: text })),
    }),
  ]),
})

/** Throws HypervisorError Invalid that names the field and what is wrong with it. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) =>
    path.length ? `${path.join('.')}: ${message}` : message,
  )
  throw new HypervisorError('Invalid', issues.join('; '))
}
