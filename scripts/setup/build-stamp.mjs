// @ts-check
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { root } from './steps.mjs'

/**
 * A fingerprint of source files by name, size and time of change: cheap enough for every start. Tests do not count.
 * @param {readonly string[]} sources files and directories below the root; absent ones count as such
 * @returns {string}
 */
export function fingerprint(sources) {
  const hash = createHash('sha256').update(process.versions.node)
  for (const source of sources) visit(path.join(root, source), hash)
  return hash.digest('hex')
}

/**
 * @param {string} file
 * @param {import('node:crypto').Hash} hash
 * @returns {void}
 */
function visit(file, hash) {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  const name = path.relative(root, file)
  if (!stat) {
    hash.update(`${name} absent\n`)
  } else if (stat.isDirectory()) {
    for (const entry of fs.readdirSync(file).sort()) visit(path.join(file, entry), hash)
  } else if (!/\.test\.[cm]?[jt]sx?$/.test(name)) {
    // Whole milliseconds survive being copied; finer ones do not.
    hash.update(`${name} ${stat.size} ${Math.round(stat.mtimeMs)}\n`)
  }
}

/**
 * Whether what the stamp file stands for was made from these very sources.
 * @param {string} stampFile
 * @param {readonly string[]} sources
 */
export function isFresh(stampFile, sources) {
  return fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === fingerprint(sources)
}
