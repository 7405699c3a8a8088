import type { JsonObject } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import { fieldsSet, objectAt, textAt, valueAt } from './machine-fields'

export function fail(field: string, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', message, field }
}

/** There is exactly one source. */
export function checkSourceKinds(field: string, source: JsonObject, label: string): StatusCause | undefined {
  const count = fieldsSet(source, Object.keys(source)).length
  if (count === 0) return fail(`${field}.source`, `Missing ${label} source`)
  return count > 1 ? fail(`${field}.source`, `Multiple ${label} sources`) : undefined
}

/** What is wrong with where the data comes from; an HTTP source may have two faults. */
export function sourceFault(field: string, source: JsonObject): StatusCause | StatusCause[] | undefined {
  const http = objectAt(source, 'http')
  if (http) {
    const faults = [urlFault(field, http, 'HTTP'), checksumFault(field, textAt(http, 'checksum'))]
    const found = faults.filter((fault) => fault !== undefined)
    return found.length > 0 ? found : undefined
  }
  for (const [kind, name] of [
    ['s3', 'S3'],
    ['gcs', 'GCS'],
  ] as const) {
    const store = objectAt(source, kind)
    if (store) return urlFault(field, store, name)
  }
  const imageio = objectAt(source, 'imageio')
  if (imageio) return imageioFault(field, imageio)
  const vddk = objectAt(source, 'vddk')
  if (!vddk) return undefined
  const complete = ['secretRef', 'uuid', 'backingFile', 'thumbprint'].every((name) => textAt(vddk, name) !== '')
  const at = `${field}.source.VDDK`
  return complete ? urlFault(field, vddk, 'VDDK') : fail(at, `${at} source VDDK is not valid`)
}

function imageioFault(field: string, imageio: JsonObject): StatusCause | undefined {
  const at = `${field}.source.Imageio`
  if (textAt(imageio, 'secretRef') === '' || textAt(imageio, 'diskId') === '') {
    return fail(at, `${at} source Imageio is not valid`)
  }
  if (textAt(imageio, 'certConfigMap') === '' && imageio['insecureSkipVerify'] !== true) {
    return fail(at, `${at} source Imageio requires CertConfigMap or InsecureSkipVerify`)
  }
  return urlFault(field, imageio, 'ImageIO')
}

function urlFault(field: string, source: JsonObject, name: string): StatusCause | undefined {
  const problem = urlProblem(textAt(source, 'url'))
  return problem === undefined ? undefined : fail(`${field}.source.${name}.url`, `${field}.source ${problem}`)
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'source URL is empty'
  const isPath = url.startsWith('/')
  if (!isPath && !URL.canParse(url)) return `Invalid source URL: ${url}`
  return /^(https?|gs):/i.test(url) ? undefined : `Invalid source URL scheme: ${url}`
}

const hashLengths: Readonly<Record<string, number>> = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }

function checksumFault(field: string, checksum: string): StatusCause | undefined {
  const problem = checksum === '' ? undefined : checksumProblem(checksum)
  return problem === undefined
    ? undefined
    : fail(`${field}.source.HTTP.checksum`, `Invalid checksum format: ${problem}`)
}

function checksumProblem(checksum: string): string | undefined {
  const colon = checksum.indexOf(':')
  if (colon < 0) return `invalid checksum format: expected 'algorithm:hash', got '${checksum}'`
  const algorithm = checksum.slice(0, colon).trim().toLowerCase()
  const hash = checksum
    .slice(colon + 1)
    .trim()
    .toLowerCase()
  if (hash === '') return 'checksum hash value cannot be empty'
  const length = hashLengths[algorithm]
  if (length === undefined) {
    return `unsupported checksum algorithm '${algorithm}': supported algorithms are: md5, sha1, sha256, sha512`
  }
  if (hash.length !== length) {
    return `invalid ${algorithm} hash length: expected ${length} hex characters, got ${hash.length}`
  }
  const alien = [...hash].find((letter) => !/[0-9a-f]/.test(letter))
  if (alien === undefined) return undefined
  const code = (alien.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `checksum hash is not valid hexadecimal: encoding/hex: invalid byte: U+${code} '${alien}'`
}

/** An image in a registry: by address or by image stream. */
export function checkRegistry(field: string, registry: JsonObject): StatusCause | undefined {
  const at = `${field}.source.Registry`
  const [url, stream, method] = [
    valueAt(registry, 'url'),
    valueAt(registry, 'imageStream'),
    valueAt(registry, 'pullMethod'),
  ]
  if ((url === undefined) === (stream === undefined)) {
    return fail(at, 'Source registry should have either URL or ImageStream')
  }
  if (url !== undefined && !/^(docker|oci-archive):/i.test(String(url))) {
    return fail(`${at}.URL`, `Illegal registry source URL scheme ${String(url)}`)
  }
  if (method !== undefined && method !== 'pod' && method !== 'node') {
    return fail(`${at}.importMethod`, `ImportMethod ${String(method)} is neither pod, node or ""`)
  }
  if (stream === '') return fail(`${at}.importMethod`, 'Source registry ImageStream is not valid')
  if (stream !== undefined && method !== 'node') {
    return fail(`${at}.importMethod`, 'Source registry ImageStream is supported only with node pull import method')
  }
  return undefined
}
