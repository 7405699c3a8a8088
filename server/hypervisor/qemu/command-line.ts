import type { MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { bootOrderOf } from './boot-order'
import { buildDisks, type DiskFile } from './disks'
import { buildInterface } from './network'
import { escapeComma, option } from './option'

/** Names in the machine's run directory, where QEMU is started: short enough for a socket's address wherever it lies. */
export const runFiles = {
  qmp: 'qmp.sock',
  vnc: 'vnc.sock',
  serial: 'serial.sock',
  serialLog: 'serial.log',
  guestAgent: 'guest-agent.sock',
  tpm: 'tpm.sock',
  efiVariables: 'efi-vars.fd',
  cloudInit: 'cloud-init.iso',
  /** The one directory QEMU may still create files in once the guest runs. */
  output: 'output',
} as const

export interface CommandLineContext {
  accelerator: 'kvm' | 'tcg'
  /** By the disk's name, the cloud-init image included. */
  files: ReadonlyMap<string, DiskFile>
  /** The firmware's code image; required for efi. */
  firmwareCode?: string
}

/** Threads QEMU's software emulation may cache, in MiB: its default of up to 1 GiB would make every small guest large. */
const translationCacheMiB = 64

/**
 * The arguments of QEMU for a validated spec. Always starts with the CPUs stopped, so that no guest code runs before
 * the supervisor has sealed the run directory; `-no-shutdown` keeps a guest's own power-off visible until it is read.
 */
export function buildCommandLine(spec: MachineSpec, context: CommandLineContext): string[] {
  const order = bootOrderOf(spec)
  return [
    '-name',
    option('', { guest: spec.name, process: `chiave:${spec.name}`, 'debug-threads': true }),
    ...['-uuid', spec.uuid],
    ...['-nodefaults', '-no-user-config', '-S', '-no-shutdown'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-msg', 'timestamp=on'],
    ...['-qmp', `unix:${runFiles.qmp},server=on,wait=off`],
    ...buildBoard(spec, context),
    ...buildProcessors(spec, context.accelerator),
    ...buildConsoles(spec),
    ...buildChannels(spec),
    ...buildDisks(spec, context.files, order),
    ...spec.interfaces.flatMap((nic, index) => buildInterface(nic, index, 0x8 + index, order.interface(nic.name))),
  ]
}

function buildBoard(spec: MachineSpec, { firmwareCode }: CommandLineContext): string[] {
  const efi = spec.firmware.type === 'efi'
  const secure = spec.firmware.type === 'efi' && spec.firmware.secureBoot
  if (efi && firmwareCode === undefined) throw new Error('an EFI machine needs firmware')
  const machine = option(spec.machineType, {
    usb: false,
    vmport: false,
    'dump-guest-core': false,
    // Only code in system management mode may change the variables that secure boot trusts.
    smm: secure ? true : undefined,
    pflash0: efi ? 'firmware-code' : undefined,
    pflash1: efi ? 'firmware-variables' : undefined,
  })
  const identity = { manufacturer: 'Chiave', product: 'Virtual Machine', serial: spec.serial, uuid: spec.uuid }
  return [
    ...['-machine', machine],
    ...['-m', `${Math.ceil(spec.memoryBytes / 2 ** 20)}M`],
    ...['-smbios', option('type=1', identity)],
    ...['-rtc', 'base=utc'],
    // Devices without a place in the boot order are not tried.
    ...['-boot', 'strict=on,menu=off'],
    ...(efi && firmwareCode !== undefined
      ? [
          '-blockdev',
          flash('firmware-code', firmwareCode, true),
          '-blockdev',
          flash('firmware-variables', runFiles.efiVariables, false),
        ]
      : []),
    ...(secure ? ['-global', 'driver=cfi.pflash01,property=secure,value=on', '-global', 'ICH9-LPC.disable_s3=1'] : []),
  ]
}

function flash(node: string, path: string, readOnly: boolean): string {
  const file = { driver: 'file', filename: path, 'read-only': readOnly }
  return JSON.stringify({ driver: 'raw', 'node-name': node, 'read-only': readOnly, file })
}

function buildProcessors({ cpu }: MachineSpec, accelerator: 'kvm' | 'tcg'): string[] {
  const { sockets, cores, threads } = cpu
  const fromHost = cpu.model === 'host-model' || cpu.model === 'host-passthrough'
  // Five-level page tables only make every address translation slower in software.
  const model = fromHost ? (accelerator === 'kvm' ? 'host' : 'max,la57=off') : escapeComma(cpu.model)
  const count = sockets * cores * threads
  return [
    // One thread per CPU is QEMU's default wherever the host's memory ordering allows it.
    ...['-accel', accelerator === 'kvm' ? 'kvm' : option('tcg', { 'tb-size': translationCacheMiB })],
    ...['-cpu', model],
    ...['-smp', option(String(count), { sockets, cores, threads, maxcpus: count })],
  ]
}

/** Screen, pointer and serial console. The keyboard is the board's own PS/2 one, which every boot loader knows. */
function buildConsoles(spec: MachineSpec): string[] {
  const needsUsb = spec.vga || spec.disks.some((disk) => disk.bus === 'usb') || spec.cloudInit?.bus === 'usb'
  const usb = needsUsb ? ['-device', option('qemu-xhci', { id: 'usb', bus: 'pcie.0', addr: '0x3' })] : []
  const screen = spec.vga
    ? [
        ...['-vga', 'none'],
        ...['-device', option('VGA', { id: 'video0', bus: 'pcie.0', addr: '0x1', vgamem_mb: 16 })],
        ...['-device', option('usb-tablet', { id: 'tablet0', bus: 'usb.0' })],
        // Whatever a viewer says about exclusive use, the others stay.
        ...['-vnc', option(`unix:${runFiles.vnc}`, { share: 'ignore' })],
      ]
    : ['-vga', 'none', '-display', 'none']
  const chardev = option('socket', {
    id: 'serial0',
    path: runFiles.serial,
    server: true,
    wait: false,
    logfile: runFiles.serialLog,
    logappend: true,
  })
  const serial = spec.serialConsole ? ['-chardev', chardev, '-device', 'isa-serial,chardev=serial0,id=console0'] : []
  return [...usb, ...screen, ...serial]
}

/** Entropy, guest agent, panic notice and TPM. */
function buildChannels(spec: MachineSpec): string[] {
  const agent = option('socket', { id: 'agent0', path: runFiles.guestAgent, server: true, wait: false })
  return [
    ...(spec.rng
      ? [
          ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
          ...['-device', option('virtio-rng-pci', { rng: 'rng0', bus: 'pcie.0', addr: '0x2' })],
        ]
      : []),
    ...['-device', option('virtio-serial-pci', { id: 'channels', bus: 'pcie.0', addr: '0x4' })],
    ...['-chardev', agent],
    ...['-device', 'virtserialport,bus=channels.0,chardev=agent0,name=org.qemu.guest_agent.0'],
    ...['-device', 'pvpanic'],
    ...(spec.tpm
      ? [
          ...['-chardev', option('socket', { id: 'tpm-socket', path: runFiles.tpm })],
          ...['-tpmdev', 'emulator,id=tpm0,chardev=tpm-socket'],
          ...['-device', 'tpm-crb,tpmdev=tpm0'],
        ]
      : []),
  ]
}

/** The QEMU devices a spec needs that older versions lack; checked before anything is started. */
export function devicesNeeded(spec: MachineSpec): string[] {
  return spec.interfaces.filter((nic) => nic.model === 'igb').map(() => 'igb')
}
