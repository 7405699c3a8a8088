import { formatBytes, formatBytesUp } from './byte-size'
import { ImportFailure } from './import-failure'

export type ImageFormat = 'qcow2' | 'vmdk' | 'vdi' | 'vhdx' | 'vpc' | 'raw'
export type Compression = 'gzip' | 'xz' | 'zstd'
export type Content = { kind: 'image'; format: ImageFormat } | { kind: 'compressed'; compression: Compression }

/** How much of a file's begin `detectContent` wants to see: the farthest signature is btrfs' at 64 KiB. */
export const HEAD_BYTES = 128 * 1024
/** And of its end: a fixed VHD has its footer there. */
export const TAIL_BYTES = 512

/** Larger disks are taken for a mistake or an attack: the file systems that hold them end there. */
export const MAX_DISK_BYTES = 16 * 1024 ** 4

function has(data: Buffer, offset: number, magic: string): boolean {
  return data.toString('latin1', offset, offset + magic.length) === magic
}

function matches(data: Buffer, signatures: readonly (readonly [number, string])[]): boolean {
  return signatures.some(([offset, magic]) => has(data, offset, magic))
}

const compressions: readonly (readonly [Compression, string])[] = [
  ['gzip', '\x1f\x8b\x08'],
  ['xz', '\xfd7zXZ\0'],
  ['zstd', '\x28\xb5\x2f\xfd'],
]

const formats: readonly (readonly [ImageFormat, number, string])[] = [
  ['vmdk', 0, 'KDMV'],
  ['vdi', 64, '\x7f\x10\xda\xbe'],
  ['vhdx', 0, 'vhdxfile'],
  ['vpc', 0, 'conectix'],
]

const refusals: readonly (readonly [number, string, string])[] = [
  [0, 'BZh', 'It is compressed with bzip2. Offer it uncompressed or as .gz, .xz or .zst.'],
  [0, 'PK\x03\x04', 'It is a ZIP archive. Unpack it and offer the disk image inside.'],
  [0, '7z\xbc\xaf\x27\x1c', 'It is a 7-Zip archive. Unpack it and offer the disk image inside.'],
  [257, 'ustar', 'It is a tar archive (an .ova is one, too). Unpack it and offer the disk image inside.'],
  [0, 'LUKS\xba\xbe', 'It is encrypted (LUKS). Import an image that is not encrypted.'],
  [0, 'QED\0', 'Its format is QED, which is no longer supported. Convert it to qcow2.'],
  [0, 'COWD', 'It is an ESX sparse VMDK. Export it as a stream-optimised VMDK, or convert it to qcow2.'],
  [0, 'WithoutFreeSpace', 'Its format is Parallels. Convert it to qcow2.'],
  [0, 'WithouFreSpacExt', 'Its format is Parallels. Convert it to qcow2.'],
  [
    0,
    '# Disk DescriptorFile',
    'It is only the description of a VMDK whose data are in other files. Convert it to qcow2.',
  ],
  [0, '\x7fELF', 'It is a program, not a disk image.'],
  [0, '%PDF', 'It is a PDF document, not a disk image.'],
]

/** Signatures of what a raw disk or a bootable medium begins with. */
const rawSignatures: readonly (readonly [number, string])[] = [
  [510, '\x55\xaa'], // MBR, FAT, NTFS
  [512, 'EFI PART'],
  [4096, 'EFI PART'],
  [32769, 'CD001'], // ISO 9660
  [32769, 'BEA01'], // UDF
  [1080, '\x53\xef'], // ext2, 3, 4
  [0, 'XFSB'],
  [65600, '_BHRfS_M'],
  [1024, '\x10\x20\xf5\xf2'], // F2FS
  [0, 'hsqs'],
  [512, 'LABELONE'], // LVM
  [4086, 'SWAPSPACE2'],
]

function looksLikeText(head: Buffer): string | undefined {
  const start = head.toString('utf8', 0, 512).trimStart().toLowerCase()
  if (/^(<!doctype html|<html|<head|<body)/.test(start)) return 'a web page (HTML)'
  if (/^<\?xml|^<error/.test(start)) return 'an XML document'
  if (/^[{[]\s*["{[\]}]/.test(start)) return 'a JSON document'
  const sample = head.subarray(0, 512)
  // Every byte printable: a disk image has a zero or a control byte within its first sector.
  if (sample.length > 0 && sample.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))) return 'a text file'
  return undefined
}

/**
 * Tells what a file is from its own bytes; names and media types are never asked.
 * @param head its first `HEAD_BYTES`, or all of it
 * @param tail its last `TAIL_BYTES`
 * @throws ImportFailure when it is nothing a disk can be made of
 */
export function detectContent(head: Buffer, tail: Buffer): Content {
  if (head.length === 0) throw new ImportFailure('The server sent an empty file.', 'never')
  for (const [compression, magic] of compressions) if (has(head, 0, magic)) return { kind: 'compressed', compression }
  if (has(head, 0, 'QFI\xfb')) {
    if (head.length >= 8 && head.readUInt32BE(4) === 1)
      throw new ImportFailure('Its format is the old “qcow”. Convert it to qcow2.', 'never')
    return { kind: 'image', format: 'qcow2' }
  }
  for (const [format, offset, magic] of formats) if (has(head, offset, magic)) return { kind: 'image', format }
  for (const [offset, magic, reason] of refusals)
    if (has(head, offset, magic))
      throw new ImportFailure(`This is not a disk image that can be used. ${reason}`, 'never')
  if (has(tail, 0, 'conectix')) return { kind: 'image', format: 'vpc' }
  const text = looksLikeText(head)
  if (text)
    throw new ImportFailure(
      `The server sent ${text}, not a disk image. Open the address in a browser: it may need a sign-in, or lead to a download page.`,
      'never',
    )
  if (matches(head, rawSignatures)) return { kind: 'image', format: 'raw' }
  throw new ImportFailure(
    `This is not a disk image: the ${formatBytes(head.length)} looked at carry neither an image format (qcow2, VMDK, VDI, VHD, VHDX), ` +
      'nor a partition table, a file system or an ISO 9660 medium.',
    'never',
  )
}

/** A refusal in words, or undefined when the header asks for no other file, is not encrypted and of a sane shape. */
export function refuseHeader(format: ImageFormat, head: Buffer): string | undefined {
  if (format === 'qcow2') return refuseQcow2(head)
  if (format === 'vmdk') return refuseVmdk(head)
  return undefined
}

const ENCRYPTED = 'The image is encrypted. Import an image that is not encrypted.'
const DAMAGED = 'The image is damaged: its header makes no sense.'
export const BACKING_FILE =
  'The image is only the changes over another one (it names a backing file). Flatten it first: qemu-img convert -O qcow2 OLD NEW.'
export const DATA_FILE =
  'The image keeps its data in another file, which was not sent. Make it one file first: qemu-img convert -O qcow2 OLD NEW.'

/**
 * Reads the header before qemu-img does, so that qemu-img never sees an image that names other files
 * (QEMU docs/interop/qcow2.txt).
 */
function refuseQcow2(head: Buffer): string | undefined {
  if (head.length < 104) return DAMAGED
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3) return `The image is of qcow2 version ${version}, which is not known here.`
  if (head.readBigUInt64BE(8) !== 0n) return BACKING_FILE
  const clusterBits = head.readUInt32BE(20)
  if (clusterBits < 9 || clusterBits > 21) return DAMAGED
  if (head.readUInt32BE(32) !== 0) return ENCRYPTED
  let offset = 72
  if (version === 3) {
    const incompatible = head.readBigUInt64BE(72)
    if (incompatible & 4n) return DATA_FILE
    // dirty, corrupt, (data file), compression type, extended L2 entries: all that is defined.
    if (incompatible & ~0b11111n) return 'The image uses features of qcow2 that are not known here.'
    if (incompatible & 2n) return 'The image is marked as corrupt. Repair it first: qemu-img check -r all IMAGE.'
    offset = head.readUInt32BE(100)
    if (offset < 104 || offset > 4096) return DAMAGED
  }
  return refuseExtensions(head, offset)
}

function refuseExtensions(head: Buffer, start: number): string | undefined {
  let offset = start
  while (offset + 8 <= head.length) {
    const type = head.readUInt32BE(offset)
    if (type === 0) return undefined
    if (type === 0x44415441) return DATA_FILE
    if (type === 0x0537be77) return ENCRYPTED
    offset += 8 + Math.ceil(head.readUInt32BE(offset + 4) / 8) * 8
  }
  return undefined
}

/** A monolithic VMDK describes itself in an embedded text; any extent or parent it names would be opened. */
function refuseVmdk(head: Buffer): string | undefined {
  if (head.length < 80) return DAMAGED
  if (head.readBigUInt64LE(12) === 0n) return DATA_FILE
  const begin = Number(head.readBigUInt64LE(28)) * 512
  const length = Math.min(Number(head.readBigUInt64LE(36)) * 512, 64 * 1024)
  if (begin === 0) return undefined
  if (begin + length > head.length) return DAMAGED
  const text = head.toString('latin1', begin, begin + length).replace(/\0.*$/s, '')
  if (/^\s*parentFileNameHint\s*=/im.test(text)) return BACKING_FILE
  const parent = /^\s*parentCID\s*=\s*([0-9a-f]+)/im.exec(text)?.[1]
  if (parent && parent.toLowerCase() !== 'ffffffff') return BACKING_FILE
  const extents = text.match(/^\s*(RW|RDONLY|NOACCESS)\s+\d+\s+\S+/gim) ?? []
  if (extents.length > 1 || extents.some((line) => !/\sSPARSE$/i.test(line))) return DATA_FILE
  return undefined
}

/** Why a source of this virtual size does not go into a disk of the requested one; undefined when it does. */
export function refuseSize(virtualSize: number, sizeBytes: number): string | undefined {
  if (virtualSize > MAX_DISK_BYTES)
    return `The image claims to be a disk of ${formatBytes(virtualSize)}. No more than ${formatBytes(MAX_DISK_BYTES)} is accepted.`
  if (virtualSize > sizeBytes)
    return (
      `The image is a disk of ${formatBytes(virtualSize)}, more than the ${formatBytes(sizeBytes)} asked for. ` +
      `Ask for at least ${formatBytesUp(virtualSize)}.`
    )
  return undefined
}
