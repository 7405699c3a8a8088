// @ts-check
import { build, buildIsStale } from '../build.mjs'
import { buildDemoImage, demoImageIsDue } from './demo-image.mjs'
import { describePackages, planSystemPackages } from './install-packages.mjs'
import { nativeModuleIsReady, nativeModuleNeedsCompiler, prepareNativeModule } from './native-modules.mjs'
import { installNodePackages, lockedPackageCount, nodePackagesAreStale } from './node-packages.mjs'
import { withSetupLock } from './setup-lock.mjs'
import { elapsed, say } from './steps.mjs'
import { missingPackages, neededPackages } from './system-packages.mjs'

/**
 * What a command needs of this host and checkout.
 * @typedef {object} Needs
 * @property {boolean} hypervisor QEMU and what else runs guests
 * @property {boolean} database the native database module
 * @property {boolean} demoImage the demo guest's disk in the cache
 * @property {boolean} tests a browser
 * @property {boolean} [build] the built pages and server; unless it is false
 */

/**
 * Installs and builds what is missing or out of date; quick when there is nothing to do. Throws a SetupError that tells
 * a person what to do.
 * @param {Needs} needs
 * @returns {Promise<void>}
 */
export async function setUp(needs) {
  const packages = await systemPackagesFor(needs)
  const stale = nodePackagesAreStale()
  const native = needs.database && !nativeModuleIsReady()
  const image = demoImageIsNeeded(needs)
  if (missingPackages(packages).length === 0 && !stale && !native && !image && !buildIsDue(needs)) return
  say('Setting up (a first time takes a few minutes):')
  const installPackages = await planSystemPackages(packages)
  await withSetupLock(async () => {
    const system = installPackages()
    const node = nodePackagesAreStale() ? installNodePackages() : Promise.resolve()
    // Each begins as soon as what it needs is there: the compiler takes one core for longer than all the others.
    await together([
      system,
      node,
      ...(buildIsDue(needs) ? [node.then(build)] : []),
      ...(needs.database ? [Promise.all([system, node]).then(prepareNativeModule)] : []),
      ...(demoImageIsNeeded(needs) ? [system.then(buildDemoImage)] : []),
    ])
  })
  say(`Set up in ${elapsed()} s.`)
}

/**
 * Prints what `setUp` would install, and changes nothing.
 * @param {Needs} needs
 * @returns {Promise<boolean>} whether nothing is missing
 */
export async function reportMissing(needs) {
  const packages = await systemPackagesFor(needs)
  const missing = missingPackages(packages)
  if (missing.length > 0) {
    say('System packages that are missing (Debian names):')
    for (const line of describePackages(missing)) say(line)
  } else if (packages.length > 0) {
    say(`System packages: all there (${packages.map(({ name }) => name).join(', ')}).`)
  } else {
    say('System packages: none needed.')
  }
  const stale = nodePackagesAreStale()
  say(
    stale
      ? `Node packages: the ${lockedPackageCount()} of package-lock.json are to be installed in node_modules.`
      : 'Node packages: all there.',
  )
  const native = needs.database && !nativeModuleIsReady()
  if (native) say('Native Node module: better-sqlite3 is to be built.')
  return missing.length === 0 && !stale && !native
}

/** @param {Needs} needs */
function buildIsDue(needs) {
  return needs.build !== false && buildIsStale()
}

/** @param {Needs} needs */
function demoImageIsNeeded(needs) {
  return needs.demoImage && demoImageIsDue({ required: needs.tests })
}

/** @param {Needs} needs */
function systemPackagesFor(needs) {
  return neededPackages({
    hypervisor: needs.hypervisor,
    compiler: needs.database && nativeModuleNeedsCompiler(),
    demoImage: demoImageIsNeeded(needs),
    tests: needs.tests,
  })
}

/**
 * Waits for all, so that nothing is left running when one fails, and then fails with the first failure.
 * @param {readonly Promise<void>[]} work
 */
async function together(work) {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
