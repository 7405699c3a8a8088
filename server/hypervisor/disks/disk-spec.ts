import { type DiskSource, type DiskSpec, HypervisorError } from '@/server/operator/engine/hypervisor-port'
import { formatBytes } from './byte-size'
import { MAX_DISK_BYTES } from './image-format'

const hexDigits: Record<string, number> = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }

function invalid(message: string): never {
  throw new HypervisorError('Invalid', message)
}

/** An id becomes a directory's name: no separators, no leading dot. */
export function checkId(id: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) invalid(`“${id}” can not be the id of a disk.`)
}

/** Throws HypervisorError Invalid, in words, for what can never become a disk. */
export function checkSpec({ id, sizeBytes, source }: DiskSpec): void {
  checkId(id)
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0)
    invalid('The size of a disk is a whole number of bytes above 0.')
  if (sizeBytes > MAX_DISK_BYTES)
    invalid(`A disk of ${formatBytes(sizeBytes)} is too large: the most is ${formatBytes(MAX_DISK_BYTES)}.`)
  if (source.type === 'clone') checkId(source.diskId)
  if (source.type === 'http') checkHttpSource(source)
}

function checkHttpSource(source: Extract<DiskSource, { type: 'http' }>): void {
  if (!isHttpUrl(source.url)) invalid('The address of an image begins with https:// or http://.')
  if (source.checksumUrl !== undefined && !isHttpUrl(source.checksumUrl))
    invalid('The address of a checksum file begins with https:// or http://.')
  if (source.checksum === undefined) return
  const [algorithm = '', value = '', ...rest] = source.checksum.split(':')
  const digits = hexDigits[algorithm]
  if (digits === undefined || rest.length > 0)
    invalid(`The checksum “${source.checksum}” should be like sha256:0123… (or sha512, sha1, md5).`)
  if (!/^[0-9a-f]+$/i.test(value) || value.length !== digits)
    invalid(`A ${algorithm} checksum has ${digits} hexadecimal digits; “${value}” is not one.`)
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

/** Disks are made of whole sectors. */
export function wholeSectors(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 512) * 512
}

/** The spec to keep of a finished disk: without the credentials that its making needed. */
export function withoutSecrets(spec: DiskSpec): DiskSpec {
  if (spec.source.type !== 'http') return spec
  const { headers: _headers, basicAuth: _basicAuth, url, checksumUrl, ...source } = spec.source
  const checksums = checksumUrl === undefined ? {} : { checksumUrl: withoutCredentials(checksumUrl) }
  return { ...spec, source: { ...source, url: withoutCredentials(url), ...checksums } }
}

function withoutCredentials(address: string): string {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href
}
