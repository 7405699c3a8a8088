// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { fingerprint, isFresh } from './build-stamp.mjs'
import { cacheDirectory, root, run, SetupError, say, step } from './steps.mjs'
import { hasApt } from './system-packages.mjs'

/** The image of "Chiave demo Linux" as `npm run image:demo` makes it, kept in the checkout's cache. */
export const demoImageFile = path.join(cacheDirectory, 'chiave-demo.qcow2')
const stamp = `${demoImageFile}.stamp`
const failure = `${demoImageFile}.failed`
/** Milliseconds: no start should be slow because of the same failure as the one before. */
const retryAfter = 24 * 60 * 60_000
const sources = ['scripts/image-demo']

/** @param {string} home */
const inHome = (home) => path.join(home, 'images', 'chiave-demo.qcow2')

/**
 * Whether the home has none yet.
 * @param {string} home
 */
export function homeLacksDemoImage(home) {
  return !fs.existsSync(inHome(home))
}

/**
 * Whether to build it: the cache has none that this checkout's builder made, and the last try did not fail just now,
 * unless it must be there. It is made from Debian packages, so only where there is apt.
 * @param {{ required: boolean }} options
 */
export function demoImageIsDue({ required }) {
  if (!hasApt() || (fs.existsSync(demoImageFile) && isFresh(stamp, sources))) return false
  const failed = fs.statSync(failure, { throwIfNoEntry: false })
  return required || !failed || Date.now() - failed.mtimeMs > retryAfter
}

/**
 * Builds the image. Without it everything else works, so a failure is only told.
 * @returns {Promise<void>}
 */
export async function buildDemoImage() {
  const made = fingerprint(sources)
  try {
    await step('Demo image', () =>
      run(process.execPath, [path.join(root, 'scripts', 'image-demo', 'build.mjs'), '--out', demoImageFile], {
        log: 'demo-image',
        failure: 'not built',
      }),
    )
    fs.writeFileSync(stamp, made)
    fs.rmSync(failure, { force: true })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    fs.writeFileSync(failure, error.message)
    say('  The demo image could not be built, so the catalog goes without it; see .cache/logs/demo-image.log.')
  }
}

/**
 * Puts the image into a home that has none. A home that cannot be written is the server's to report.
 * @param {string} home
 */
export function placeDemoImage(home) {
  if (!fs.existsSync(demoImageFile) || !homeLacksDemoImage(home)) return
  const target = inHome(home)
  const temporary = `${target}.${process.pid}.new`
  const asRoot = process.getuid?.() === 0
  try {
    fs.mkdirSync(home, { recursive: true, mode: asRoot ? 0o711 : 0o700 })
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 })
    fs.copyFileSync(demoImageFile, temporary, fs.constants.COPYFILE_FICLONE)
    // The API server, which hands it out, runs as a user of its own.
    fs.chmodSync(temporary, 0o644)
    fs.renameSync(temporary, target)
  } catch (error) {
    say(`  The demo image could not be put into the home: ${error instanceof Error ? error.message : String(error)}`)
  }
}
