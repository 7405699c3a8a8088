import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { MachineDisk, MachineInterface, MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { findFirmware } from '../firmware'
import { bootOrderOf } from './boot-order'
import { buildCommandLine, type CommandLineContext, runFiles } from './command-line'
import type { DiskFile } from './disks'
import { isGuestAddress } from './network'
import { option } from './option'

const directory = mkdtempSync(join(tmpdir(), 'chiave-command-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const disk = (name: string, changes: Partial<MachineDisk> = {}): MachineDisk => ({
  name,
  diskId: name,
  bus: 'virtio',
  device: 'disk',
  readOnly: false,
  ...changes,
})

const nic = (name: string, changes: Partial<MachineInterface> = {}): MachineInterface => ({
  name,
  mac: `02:00:00:00:00:0${name.length}`,
  model: 'virtio',
  up: true,
  backend: { type: 'user', address: '10.42.0.9', hostname: 'vm-1' },
  ...changes,
})

const spec: MachineSpec = {
  id: 'one',
  name: 'default/one',
  uuid: '5d307ca9-b3ef-428c-8861-06e72d69f223',
  machineType: 'q35',
  cpu: { sockets: 1, cores: 2, threads: 1, model: 'host-model' },
  memoryBytes: 128 * 2 ** 20,
  firmware: { type: 'bios' },
  disks: [disk('root')],
  interfaces: [nic('default')],
  vga: true,
  serialConsole: true,
  rng: true,
  tpm: false,
  startPaused: false,
}

function contextFor(machine: MachineSpec, directIo = true): CommandLineContext {
  const names = [...machine.disks, ...(machine.cloudInit ? [machine.cloudInit] : [])].map(({ name }) => name)
  const files = new Map<string, DiskFile>(
    names.map((name) => [name, { path: join(directory, `${name}.img`), directIo }]),
  )
  return { accelerator: 'tcg', files }
}

/** The values given to one option, in order. */
function values(args: string[], name: string): string[] {
  return args.filter((_, index) => args[index - 1] === name)
}

const build = (changes: Partial<MachineSpec>, context: Partial<CommandLineContext> = {}) => {
  const machine = { ...spec, ...changes }
  return buildCommandLine(machine, { ...contextFor(machine), ...context })
}

test('the command line of an ordinary machine', () => {
  const args = buildCommandLine(
    {
      ...spec,
      cloudInit: { name: 'seed', type: 'noCloud', bus: 'virtio', device: 'disk', userData: '', metaData: {} },
    },
    {
      accelerator: 'tcg',
      files: new Map([
        ['root', { path: '/disks/root/disk.img', directIo: true }],
        ['seed', { path: runFiles.cloudInit, directIo: false }],
      ]),
    },
  )
  expect(args.join('\n')).toMatchInlineSnapshot(`
    "-name
    guest=default/one,process=chiave:default/one,debug-threads=on
    -uuid
    5d307ca9-b3ef-428c-8861-06e72d69f223
    -nodefaults
    -no-user-config
    -S
    -no-shutdown
    -sandbox
    on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
    -msg
    timestamp=on
    -qmp
    unix:qmp.sock,server=on,wait=off
    -machine
    q35,usb=off,vmport=off,dump-guest-core=off
    -m
    128M
    -smbios
    type=1,manufacturer=Chiave,product=Virtual Machine,uuid=5d307ca9-b3ef-428c-8861-06e72d69f223
    -rtc
    base=utc
    -boot
    strict=on,menu=off
    -accel
    tcg,tb-size=64
    -cpu
    max,la57=off
    -smp
    2,sockets=1,cores=2,threads=1,maxcpus=2
    -device
    qemu-xhci,id=usb,bus=pcie.0,addr=0x3
    -vga
    none
    -device
    VGA,id=video0,bus=pcie.0,addr=0x1,vgamem_mb=16
    -device
    usb-tablet,id=tablet0,bus=usb.0
    -vnc
    unix:vnc.sock,share=ignore
    -chardev
    socket,id=serial0,path=serial.sock,server=on,wait=off,logfile=serial.log,logappend=on
    -device
    isa-serial,chardev=serial0,id=console0
    -object
    rng-random,id=rng0,filename=/dev/urandom
    -device
    virtio-rng-pci,rng=rng0,bus=pcie.0,addr=0x2
    -device
    virtio-serial-pci,id=channels,bus=pcie.0,addr=0x4
    -chardev
    socket,id=agent0,path=guest-agent.sock,server=on,wait=off
    -device
    virtserialport,bus=channels.0,chardev=agent0,name=org.qemu.guest_agent.0
    -device
    pvpanic
    -blockdev
    {"driver":"raw","node-name":"disk0","read-only":false,"discard":"unmap","cache":{"direct":false},"file":{"driver":"file","node-name":"disk0-file","filename":"/disks/root/disk.img","read-only":false,"aio":"threads","cache":{"direct":false},"discard":"unmap"}}
    -device
    virtio-blk-pci,id=disk-root,drive=disk0,bootindex=1,write-cache=on,bus=pcie.0,addr=0x10
    -blockdev
    {"driver":"raw","node-name":"disk1","read-only":true,"discard":"unmap","cache":{"direct":false},"file":{"driver":"file","node-name":"disk1-file","filename":"cloud-init.iso","read-only":true,"aio":"threads","cache":{"direct":false},"discard":"unmap"}}
    -device
    virtio-blk-pci,id=disk-seed,drive=disk1,write-cache=on,bus=pcie.0,addr=0x11
    -netdev
    user,id=net0,net=10.42.0.0/16,host=10.42.0.1,dns=10.42.0.2,dhcpstart=10.42.0.9,hostname=vm-1,ipv6=off
    -device
    virtio-net-pci,id=nic-default,netdev=net0,mac=02:00:00:00:00:07,bus=pcie.0,addr=0x8,romfile="
  `)
})

describe('processors and memory', () => {
  test.each([
    ['kvm', 'host-model', ['kvm'], 'host'],
    ['kvm', 'host-passthrough', ['kvm'], 'host'],
    ['kvm', 'EPYC-Rome', ['kvm'], 'EPYC-Rome'],
    ['tcg', 'host-model', ['tcg,tb-size=64'], 'max,la57=off'],
    ['tcg', 'Nehalem', ['tcg,tb-size=64'], 'Nehalem'],
  ] as const)('%s with %s', (accelerator, model, accel, cpu) => {
    const args = build({ cpu: { ...spec.cpu, model } }, { accelerator })
    expect(values(args, '-accel')).toEqual(accel)
    expect(values(args, '-cpu')).toEqual([cpu])
  })

  test('memory is rounded up to whole MiB', () => {
    expect(values(build({ memoryBytes: 2 ** 20 + 1 }), '-m')).toEqual(['2M'])
  })

  test('the topology is as asked', () => {
    const cpu = { sockets: 2, cores: 3, threads: 2, model: 'host-model' }
    expect(values(build({ cpu }), '-smp')).toEqual(['12,sockets=2,cores=3,threads=2,maxcpus=12'])
  })
})

describe('boot order', () => {
  const three = [disk('a'), disk('b'), disk('c')]

  test('without any, the disks are tried in their order and nothing else', () => {
    const order = bootOrderOf({ ...spec, disks: three })
    expect(['a', 'b', 'c'].map((name) => order.disk(name))).toEqual([1, 2, 3])
    expect(order.interface('default')).toBeUndefined()
  })

  test('with some, only those are tried', () => {
    const disks = [disk('a'), disk('b', { bootOrder: 7 }), disk('c', { bootOrder: 2 })]
    const order = bootOrderOf({ ...spec, disks, interfaces: [nic('default', { bootOrder: 3 })] })
    expect(['a', 'b', 'c'].map((name) => order.disk(name))).toEqual([undefined, 3, 1])
    expect(order.interface('default')).toBe(2)
  })

  test('a network card has a boot ROM only when it is to be booted from', () => {
    const device = (changes: Partial<MachineInterface>) =>
      values(build({ interfaces: [nic('default', changes)] }), '-device').find((value) =>
        value.startsWith('virtio-net'),
      )
    expect(device({})).toContain('romfile=')
    expect(device({ bootOrder: 1 })).not.toContain('romfile=')
  })
})

describe('disks', () => {
  const blockdev = (changes: Partial<MachineDisk>, directIo = true) => {
    const machine = { ...spec, disks: [disk('root', changes)] }
    const [text = '{}'] = values(buildCommandLine(machine, contextFor(machine, directIo)), '-blockdev')
    return JSON.parse(text) as {
      cache: { direct: boolean }
      file: { aio: string; filename: string }
      'read-only': boolean
    }
  }

  test.each([
    [{}, true, false, 'threads'],
    [{ cache: 'none' }, true, true, 'threads'],
    [{ cache: 'none' }, false, false, 'threads'],
    [{ cache: 'none', io: 'native' }, true, true, 'native'],
    [{ io: 'native' }, true, true, 'native'],
    [{ io: 'native' }, false, false, 'threads'],
    [{ cache: 'writeback', io: 'threads' }, true, false, 'threads'],
  ] as const)('%o where direct I/O is %s: direct %s, %s', (changes, directIo, direct, aio) => {
    const { cache, file } = blockdev(changes, directIo)
    expect([cache.direct, file.aio]).toEqual([direct, aio])
  })

  test('write-through reaches the device, read-only and CD-ROMs the file', () => {
    expect(build({ disks: [disk('root', { cache: 'writethrough' })] }).join(' ')).toContain('write-cache=off')
    expect(blockdev({ readOnly: true })['read-only']).toBe(true)
    expect(blockdev({ device: 'cdrom', bus: 'sata' })['read-only']).toBe(true)
    expect(blockdev({})['read-only']).toBe(false)
  })

  test('a disk without a file is a fault, not a machine without a disk', () => {
    expect(() => buildCommandLine(spec, { accelerator: 'tcg', files: new Map() })).toThrow('root')
  })
})

describe('hostile strings', () => {
  test('can not add options', () => {
    expect(option('device', { id: 'a,b=c', off: undefined, on: true })).toBe('device,id=a,,b=c,on=on')
    const args = build({ name: 'x,process=y', serial: 'a,uuid=b', disks: [disk('root', { serial: 's,bootindex=0' })] })
    expect(values(args, '-name')).toEqual(['guest=x,,process=y,process=chiave:x,,process=y,debug-threads=on'])
    expect(args.join('\n')).toContain('serial=s,,bootindex=0')
  })

  test('a path may contain anything', () => {
    const files = new Map([['root', { path: '/a,b"c\\d\ne', directIo: false }]])
    const [text = ''] = values(buildCommandLine(spec, { accelerator: 'tcg', files }), '-blockdev')
    expect((JSON.parse(text) as { file: { filename: string } }).file.filename).toBe('/a,b"c\\d\ne')
  })

  test.each([
    ['10.42.0.4', true],
    ['10.42.255.254', true],
    ['10.42.0.3', false],
    ['10.42.255.255', false],
    ['10.42.256.1', false],
    ['10.42.01.1', false],
    ['10.43.0.9', false],
    ['10.42.0.9,hostfwd=tcp::22-:22', false],
  ])('%s may be a guest’s address: %s', (address, allowed) => {
    expect(isGuestAddress(address)).toBe(allowed)
  })
})

describe('QEMU itself accepts', () => {
  const firmware = findFirmware()
  const many = (bus: MachineDisk['bus'], count: number, device: MachineDisk['device'] = 'disk') =>
    Array.from({ length: count }, (_, index) =>
      disk(`${bus}-${device}-${index}`, { bus, device, serial: `s,${index}` }),
    )

  const machines: [string, Partial<MachineSpec>][] = [
    [
      'every bus, crowded',
      { disks: [...many('virtio', 20), ...many('sata', 8), ...many('scsi', 5), ...many('usb', 3)] },
    ],
    [
      'CD-ROMs and LUNs',
      {
        disks: [
          ...many('virtio', 1, 'cdrom'),
          ...many('sata', 2, 'cdrom'),
          ...many('scsi', 2, 'cdrom'),
          ...many('usb', 2, 'cdrom'),
          ...many('scsi', 2, 'lun'),
          ...many('sata', 1, 'lun'),
        ],
      },
    ],
    [
      'every old network card',
      {
        interfaces: (['virtio', 'e1000', 'e1000e', 'ne2k_pci', 'pcnet', 'rtl8139'] as const).map((model, index) =>
          nic('n'.repeat(index + 1), { model, bootOrder: index + 1 }),
        ),
      },
    ],
    ['no screen, no serial console', { vga: false, serialConsole: false, rng: false, interfaces: [] }],
    ['EFI', { firmware: { type: 'efi', secureBoot: false } }],
    ['EFI with secure boot', { firmware: { type: 'efi', secureBoot: true } }],
    ['hostile names', { name: 'a,b" \\ $(id)', serial: ',,x', disks: [disk('root', { serial: '=,' })] }],
  ]

  test.each(machines)('%s', async (_title, changes) => {
    const { efi, efiSecureBoot } = await firmware
    const machine = { ...spec, memoryBytes: 64 * 2 ** 20, ...changes }
    for (const { path } of contextFor(machine).files.values()) {
      writeFileSync(path, '')
      truncateSync(path, 2 ** 20)
    }
    const files = machine.firmware.type === 'efi' && machine.firmware.secureBoot ? efiSecureBoot : efi
    if (machine.firmware.type === 'efi' && !files) return
    if (files) execFileSync('cp', [files.variables, join(directory, runFiles.efiVariables)])
    const args = buildCommandLine(machine, { ...contextFor(machine), ...(files ? { firmwareCode: files.code } : {}) })
    const listening = args.indexOf('-qmp')
    args.splice(listening, 2, '-qmp', 'stdio')
    const input = ['qmp_capabilities', 'query-status', 'quit'].map((execute) => JSON.stringify({ execute })).join('\n')
    const result = spawnSync('qemu-system-x86_64', args, { cwd: directory, input, encoding: 'utf8', timeout: 15_000 })
    expect(result.stderr).toBe('')
    expect(result.stdout).toContain('"status": "prelaunch"')
    expect(result.status).toBe(0)
  })
})
