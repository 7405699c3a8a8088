import { describe, expect, it } from 'vitest'
import { fileNameOf, findChecksum, findImageChecksum, formatChecksum } from './checksum-file'

describe('a publisher’s checksum file', () => {
  const sha256 = 'a'.repeat(64)
  const sha512 = 'b'.repeat(128)

  it.each([
    ['coreutils', `${sha256}  disk.img\n${'c'.repeat(64)}  other.img\n`, `sha256:${sha256}`],
    ['coreutils, binary', `${sha512} *disk.img\n`, `sha512:${sha512}`],
    ['a path before the name', `${sha256}  ./images/disk.img\n`, `sha256:${sha256}`],
    ['BSD', `SHA256 (disk.img) = ${sha256.toUpperCase()}\n`, `sha256:${sha256}`],
    [
      'PGP armour around',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# disk.img: 1 bytes\nSHA256 (disk.img) = ${sha256}\n-----BEGIN PGP SIGNATURE-----\nabc=\n`,
      `sha256:${sha256}`,
    ],
    ['a lone hash', `${sha256}\n`, `sha256:${sha256}`],
    ['two strengths', `${'d'.repeat(32)}  disk.img\n${sha512}  disk.img\n`, `sha512:${sha512}`],
  ])('in the style of %s', (_style, text, expected) => {
    const found = findChecksum(text, 'disk.img')
    expect(found && formatChecksum(found)).toBe(expected)
  })

  it.each([
    ['names other files only', `${sha256}  other.img\n`],
    ['is a web page', '<html>not found</html>'],
    ['has a hash of no known length', `${'a'.repeat(50)}  disk.img`],
  ])('gives nothing when it %s', (_why, text) => {
    expect(findChecksum(text, 'disk.img')).toBeUndefined()
  })
})

describe('a list whose address is the image’s with an ending', () => {
  const image = 'https://h/leap.qcow2'
  const line = (name: string) => `${'a'.repeat(64)}  ${name}\n`

  it('may call the one file it is about by another name', () => {
    const found = findImageChecksum(line('leap-Build13.qcow2'), { image, list: 'https://h/leap.qcow2.sha256' })
    expect(found?.hex).toBe('a'.repeat(64))
  })

  it.each([
    ['lists two files', line('leap-Build13.qcow2') + line('leap-Build14.qcow2'), 'https://h/leap.qcow2.sha256'],
    ['is about all files', line('leap-Build13.qcow2'), 'https://h/SHA256SUMS'],
    ['is about another file', line('leap-Build13.qcow2'), 'https://h/leap.qcow.sha256'],
  ])('gives nothing when it %s', (_why, text, list) => {
    expect(findImageChecksum(text, { image, list })).toBeUndefined()
  })
})

describe('the file name of an address', () => {
  it.each([
    ['https://h/a/disk.img?token=1#x', 'disk.img'],
    ['https://h/a/my%20disk.img', 'my disk.img'],
    ['https://h/a%2Fdisk.img', 'disk.img'],
    ['https://h/100%.img', '100%.img'],
    ['https://h/', ''],
  ])('%s', (url, name) => {
    expect(fileNameOf(url)).toBe(name)
  })
})
