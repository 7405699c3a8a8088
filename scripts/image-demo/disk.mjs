import { execFileSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { run } from './debs.mjs'

const MiB = 1024 ** 2
const SECTOR = 512
const FIRST = 1 * MiB

function makeFile(path, bytes) {
  rmSync(path, { force: true })
  const file = openSync(path, 'w')
  ftruncateSync(file, bytes)
  closeSync(file)
}

/**
 * The boot partition: read by SYSLINUX (BIOS) and by the firmware itself (UEFI).
 * @param files path on the partition → bytes
 * @returns its size in bytes
 */
export async function makeBootPartition(path, files, { syslinux, stamp }) {
  const content = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0)
  // FAT16 wants more than 4085 clusters; of 2 KiB that is 8 MiB.
  const size = Math.max(9, Math.ceil(content / MiB) + 1) * MiB
  makeFile(path, size)
  const environment = { ...process.env, MTOOLS_SKIP_CHECK: '1', SOURCE_DATE_EPOCH: String(stamp) }
  const call = (program, ...args) =>
    execFileSync(program, args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
  const hidden = String(FIRST / SECTOR)
  call('mkfs.vfat', '--invariant', '-F', '16', '-s', '4', '-h', hidden, '-n', 'CHIAVE', '-i', 'c41a7e00', path)
  const directories = new Set()
  for (const [name, bytes] of Object.entries(files)) {
    const parts = name.split('/').slice(0, -1)
    parts.forEach((_, index) => {
      const directory = parts.slice(0, index + 1).join('/')
      if (!directories.has(directory)) call('mmd', '-i', path, `::${directory}`)
      directories.add(directory)
    })
    const copy = `${path}.file`
    writeFileSync(copy, bytes)
    call('mcopy', '-i', path, copy, `::${name}`)
    rmSync(copy)
  }
  call(syslinux, '--install', path)
  return size
}

/** Every path below a directory, with what `debugfs` has to set: the builder's own uid must not be the guest's. */
function ownership(directory, owners) {
  const lines = []
  for (const name of ['', ...readdirSync(directory, { recursive: true })]) {
    const [uid, gid] = owners[`/${name}`] ?? [0, 0]
    const target = `"/${name}"`
    lines.push(`sif ${target} uid ${uid}`, `sif ${target} gid ${gid}`)
    const facts = lstatSync(join(directory, name))
    if (!facts.isSymbolicLink()) lines.push(`sif ${target} mode 0${facts.mode.toString(8)}`)
  }
  return `${lines.join('\n')}\n`
}

/**
 * The root file system, from a directory.
 * @param owners path → [uid, gid] where that is not root's
 */
export async function makeRootPartition(path, directory, { bytes, stamp, owners }) {
  makeFile(path, bytes)
  const environment = { ...process.env, E2FSPROGS_FAKE_TIME: String(stamp), SOURCE_DATE_EPOCH: String(stamp) }
  const uuid = 'c41a7e00-0000-4000-8000-00000000d340'
  // Room in the group descriptors to grow to 2 TiB while mounted.
  const extended = `hash_seed=${uuid},root_owner=0:0,resize=536870912,lazy_itable_init=1,lazy_journal_init=1`
  const args = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-I', '256', '-m', '0', '-L', 'chiave-root', '-U', uuid]
  execFileSync('mke2fs', [...args, '-J', 'size=4', '-O', '^64bit', '-E', extended, '-d', directory, path], {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const script = `${path}.debugfs`
  writeFileSync(script, ownership(directory, owners))
  execFileSync('debugfs', ['-w', '-f', script, path], { env: environment, stdio: ['ignore', 'ignore', 'ignore'] })
  rmSync(script)
}

function partitionEntry({ active, type, start, size }) {
  const entry = Buffer.alloc(16)
  entry[0] = active ? 0x80 : 0
  // Cylinders and heads are of no use any more: the conventional “beyond them”.
  entry.fill(0xff, 1, 4)
  entry[1] = 0xfe
  entry[4] = type
  entry.fill(0xff, 5, 8)
  entry[5] = 0xfe
  entry.writeUInt32LE(start / SECTOR, 8)
  entry.writeUInt32LE(size / SECTOR, 12)
  return entry
}

/** Puts the partitions behind an MBR and writes the disk as a compressed qcow2; it appears only when complete. */
export async function assembleDisk({ mbr, boot, bootBytes, root, rootBytes, raw, out }) {
  const rootStart = FIRST + bootBytes
  makeFile(raw, rootStart + rootBytes)
  const file = openSync(raw, 'r+')
  const head = Buffer.alloc(SECTOR)
  readFileSync(mbr).copy(head, 0, 0, 440)
  head.writeUInt32LE(0xc41a7e00, 440)
  // 0xef: the firmware of UEFI reads it; active: that of BIOS does.
  partitionEntry({ active: true, type: 0xef, start: FIRST, size: bootBytes }).copy(head, 446)
  partitionEntry({ active: false, type: 0x83, start: rootStart, size: rootBytes }).copy(head, 462)
  head.writeUInt16LE(0xaa55, 510)
  writeSync(file, head, 0, SECTOR, 0)
  for (const [path, start] of [
    [boot, FIRST],
    [root, rootStart],
  ]) {
    const bytes = readFileSync(path)
    writeSync(file, bytes, 0, bytes.length, start)
  }
  closeSync(file)
  const finished = `${out}.${process.pid}.new`
  await run('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, finished)
  renameSync(finished, out)
}
