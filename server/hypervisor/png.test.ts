import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { pngFromPpm } from './png'

test('a screenshot becomes a PNG with the same pixels', async () => {
  const pixels = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7])
  const png = await pngFromPpm(Buffer.concat([Buffer.from('P6\n2 2\n255\n'), pixels]))
  expect(png.toString('latin1', 1, 4)).toBe('PNG')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2, 2])
  const start = png.indexOf('IDAT')
  const rows = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)))
  expect(Buffer.concat([rows.subarray(1, 7), rows.subarray(8, 14)])).toEqual(pixels)
  // The checksum of an empty last chunk is the same in every PNG.
  expect(png.subarray(-4).toString('hex')).toBe('ae426082')
})

test('what is not a whole picture is refused', async () => {
  for (const bad of ['', 'P5\n2 2\n255\n', 'P6\n2 2\n255\nshort', 'P6\n99999999 1\n255\n', 'P6\n0 0\n255\n'])
    await expect(pngFromPpm(Buffer.from(bad))).rejects.toThrow()
})
