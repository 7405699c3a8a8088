export interface Checksum {
  algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'
  /** Lower case. */
  hex: string
}

const byLength: Record<number, Checksum['algorithm']> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }

/**
 * Finds a file's checksum in what its publisher calls SHA256SUMS, CHECKSUM, file.sha256 …: coreutils lines (`hex  name`,
 * `hex *name`), BSD lines (`SHA256 (name) = hex`), within PGP armour or not, or a lone hash. The strongest wins.
 * @param about `ofThisFile`: the list is about this one file, which it may call by another name
 */
export function findChecksum(
  text: string,
  fileName: string,
  about: { ofThisFile: boolean } = { ofThisFile: false },
): Checksum | undefined {
  const entries = text.split(/\r?\n/).flatMap((line) => readEntry(line.trim()) ?? [])
  const called = entries.filter(({ name }) => name === fileName)
  const lone = entries.filter(({ name }) => name === undefined)
  const names = new Set(entries.map(({ name }) => name))
  const only = about.ofThisFile && names.size === 1 && lone.length === 0 ? entries : []
  const [candidates = []] = [called, only, lone.length === 1 ? lone : []].filter((found) => found.length > 0)
  return candidates.map(({ checksum }) => checksum).sort((a, b) => b.hex.length - a.hex.length)[0]
}

interface Entry {
  /** Without directories; absent with a lone hash. */
  name: string | undefined
  checksum: Checksum
}

function readEntry(line: string): Entry | undefined {
  const bsd = /^(?:MD5|SHA1|SHA256|SHA512) ?\((.+)\) ?= ?([0-9a-f]+)$/i.exec(line)
  const gnu = /^([0-9a-f]{32,128})(?: [ *]?|\t)(.+)$/i.exec(line)
  const [name, hex] = bsd ? [bsd[1], bsd[2]] : gnu ? [gnu[2], gnu[1]] : [undefined, line]
  const checksum = checksumOf(hex ?? '')
  return checksum && { name: name === undefined ? undefined : baseName(name), checksum }
}

/**
 * Finds an image's checksum in a list by the name that the image's address has. Publishers who move an address on to
 * their newest build list that under the build's own name, in a file called as the address: `x.qcow2.sha256`.
 */
export function findImageChecksum(
  text: string,
  { image, list }: { image: string; list: string },
): Checksum | undefined {
  const name = fileNameOf(image)
  return findChecksum(text, name, { ofThisFile: name !== '' && fileNameOf(list).startsWith(`${name}.`) })
}

/** The name under which a publisher lists the file at this address: its path's last segment, decoded. */
export function fileNameOf(url: string): string {
  return baseName(decode(new URL(url).pathname))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that encodes nothing is part of the name.
    return text
  }
}

/** As `DiskSource.checksum` wants it: `sha256:…`. */
export function formatChecksum({ algorithm, hex }: Checksum): string {
  return `${algorithm}:${hex}`
}

function checksumOf(hex: string): Checksum | undefined {
  const algorithm = /^[0-9a-f]+$/i.test(hex) ? byLength[hex.length] : undefined
  return algorithm && { algorithm, hex: hex.toLowerCase() }
}

function baseName(path: string): string {
  return path.trim().replace(/^.*\//, '')
}
