export interface Checksum {
  algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'
  /** Lower case. */
  hex: string
}

const byLength: Record<number, Checksum['algorithm']> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }

/**
 * Finds a file's checksum in what its publisher calls SHA256SUMS, CHECKSUM, file.sha256 …: coreutils lines (`hex  name`,
 * `hex *name`), BSD lines (`SHA256 (name) = hex`), within PGP armour or not, or a lone hash. The strongest wins.
 */
export function findChecksum(text: string, fileName: string): Checksum | undefined {
  const found: Checksum[] = []
  const lone: Checksum[] = []
  for (const line of text.split(/\r?\n/)) {
    const bsd = /^(?:MD5|SHA1|SHA256|SHA512) ?\((.+)\) ?= ?([0-9a-f]+)$/i.exec(line.trim())
    const gnu = /^([0-9a-f]{32,128})(?: [ *]?|\t)(.+)$/i.exec(line.trim())
    const [name, hex] = bsd ? [bsd[1], bsd[2]] : gnu ? [gnu[2], gnu[1]] : [undefined, line.trim()]
    const checksum = checksumOf(hex ?? '')
    if (!checksum) continue
    if (name === undefined) lone.push(checksum)
    else if (baseName(name) === fileName) found.push(checksum)
  }
  const candidates = found.length > 0 ? found : lone.length === 1 ? lone : []
  return candidates.sort((a, b) => b.hex.length - a.hex.length)[0]
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
