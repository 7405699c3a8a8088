// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeNotices } from '../licences/notices.mjs'
import { nextDirectoryFilter, runTimePackages } from './run-time-packages.mjs'

/**
 * Copies what runs in a container out of a tree that is built: console and platform operator, without the embedded
 * cluster's native module, without what is only needed to build, without source maps.
 *
 *   node scripts/container/collect.mjs OUT
 */

const root = path.resolve(import.meta.dirname, '..', '..')

/** Never needed at run time, wherever it is. */
const leftOut = /\.(map|d\.ts|d\.mts|d\.cts|md|markdown|flow|tsbuildinfo|nft\.json)$/

/** Of `dist`: the embedded cluster's schemas, its importer and its home's commands. */
const embeddedOnly = /^(schemas(\/|$)|import-worker\.js$|state\.js$)/

/** Of `.next`: what only the next build reads. */
const buildOnly = /^(cache|diagnostics|trace|trace-build|turbopack|types|dev|chiave-stamp)(\/|$)/

/**
 * Copies a directory's files that pass.
 * @param {string} from
 * @param {string} to
 * @param {(relative: string) => boolean} passes asked for directories as well
 */
function copyTree(from, to, passes = () => true) {
  fs.cpSync(from, to, {
    recursive: true,
    dereference: false,
    filter: (source) => {
      const relative = path.relative(from, source)
      return relative === '' || (!leftOut.test(relative) && passes(relative))
    },
  })
}

/**
 * @param {string} out a directory that does not exist yet, or is empty
 * @returns {string[]} the packages that were taken along
 */
export function collect(out) {
  if (fs.existsSync(out) && fs.readdirSync(out).length > 0) throw new Error(`${out} is not empty`)
  fs.mkdirSync(out, { recursive: true })
  const at = (/** @type {string} */ name) => path.join(root, name)
  for (const file of ['package.json', 'next.config.mjs', 'LICENSE']) fs.copyFileSync(at(file), path.join(out, file))
  copyTree(at('dist'), path.join(out, 'dist'), (file) => !embeddedOnly.test(file) && file !== 'chiave-stamp')
  copyTree(at('.next'), path.join(out, '.next'), (file) => !buildOnly.test(file))
  copyTree(at('public'), path.join(out, 'public'))
  const packages = runTimePackages(root)
  const ofNext = nextDirectoryFilter(root)
  for (const name of packages) {
    const place = path.join('node_modules', name)
    copyTree(
      at(place),
      path.join(out, place),
      name === 'next' ? ofNext : (file) => !/(^|\/)node_modules(\/|$)/.test(file),
    )
  }
  // Bundled packages are in the image as well, so their licences are.
  writeNotices(path.join(out, 'THIRD-PARTY-LICENCES.txt'))
  return packages
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  const [out] = process.argv.slice(2)
  if (out === undefined) {
    process.stderr.write('node scripts/container/collect.mjs OUT\n')
    process.exitCode = 2
  } else {
    const packages = collect(path.resolve(out))
    process.stdout.write(`${out}: ${packages.length} packages beside the bundle\n`)
  }
}
