// @ts-check
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { npmCommand, root, run, step } from './steps.mjs'

const stamp = path.join(root, 'node_modules', '.chiave-install')

/** Whether `node_modules` lacks or differs from what the lockfile says. */
export function nodePackagesAreStale() {
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lockHash()) return false
  if (!installedAsLocked()) return true
  // Somebody ran npm by hand: that is as good.
  fs.writeFileSync(stamp, lockHash())
  return false
}

/** The number of packages in the lockfile. */
export function lockedPackageCount() {
  return Object.keys(readLock(path.join(root, 'package-lock.json'))).length - 1
}

export async function installNodePackages() {
  await step('Node packages', async () => {
    const npm = npmCommand()
    // Install scripts stay off: the one that matters, the database module's, has a step of its own.
    const flags = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
    await run(npm.command, [...npm.args, ...flags], {
      log: 'node-packages',
      failure: 'The Node packages could not be installed',
    })
    fs.writeFileSync(stamp, lockHash())
  })
}

function lockHash() {
  return createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
}

/** @returns {boolean} */
function installedAsLocked() {
  const hidden = path.join(root, 'node_modules', '.package-lock.json')
  if (!fs.existsSync(hidden)) return false
  const installed = readLock(hidden)
  return Object.entries(readLock(path.join(root, 'package-lock.json'))).every(([name, locked]) => {
    if (name === '') return true
    const found = installed[name]
    // Binaries for other platforms are left out.
    return found ? found.version === locked.version : locked.optional === true
  })
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readLock(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8')).packages
}
