import { promisify } from 'node:util'
import { deflate } from 'node:zlib'

const compress = promisify(deflate)

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/**
 * A PNG of a binary PPM (P6, 8 bits a channel), the one screenshot format every QEMU writes. Throws when it is not one;
 * since only pixels get through, whatever a guest's QEMU wrote, a browser is shown a well-formed picture.
 */
export async function pngFromPpm(ppm: Buffer): Promise<Buffer> {
  const header = /^P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s/.exec(ppm.subarray(0, 64).toString('latin1'))
  const [width, height] = [Number(header?.[1]), Number(header?.[2])]
  if (!header || width < 1 || height < 1 || ppm.length !== header[0].length + width * height * 3)
    throw new Error('not a picture')
  const stride = width * 3
  const rows = Buffer.alloc((stride + 1) * height)
  for (let y = 0; y < height; y++) {
    const from = header[0].length + y * stride
    ppm.copy(rows, y * (stride + 1) + 1, from, from + stride)
  }
  const size = Buffer.alloc(13)
  size.writeUInt32BE(width, 0)
  size.writeUInt32BE(height, 4)
  // 8 bits a channel, red green blue.
  size.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', size),
    chunk('IDAT', await compress(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
