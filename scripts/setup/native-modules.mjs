// @ts-check
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { npmCommand, root, run, SetupError, say, step } from './steps.mjs'

/**
 * The one native module, better-sqlite3, takes a core for over a minute to compile where no prebuilt binary can be
 * fetched. It is compiled once per version, Node ABI and platform, and kept in the person's cache.
 */
const packageDirectory = path.join(root, 'node_modules', 'better-sqlite3')
const binary = path.join(packageDirectory, 'build', 'Release', 'better_sqlite3.node')
const marker = path.join(packageDirectory, 'build', '.chiave-native')

/** Whether the module is there and made for this Node. */
export function nativeModuleIsReady() {
  return fs.existsSync(binary) && fs.existsSync(marker) && fs.readFileSync(marker, 'utf8') === key()
}

/** Whether making it ready needs a compiler. */
export function nativeModuleNeedsCompiler() {
  return !nativeModuleIsReady() && !fs.existsSync(cached()) && !(fs.existsSync(binary) && loads())
}

/** Needs the package itself, without its binary, in `node_modules`. */
export async function prepareNativeModule() {
  if (nativeModuleIsReady()) return
  if (fs.existsSync(binary) && loads()) {
    remember()
    return
  }
  if (fs.existsSync(cached())) {
    fs.mkdirSync(path.dirname(binary), { recursive: true })
    // A new file, never the old one overwritten: another process may have it mapped.
    fs.rmSync(binary, { force: true })
    fs.copyFileSync(cached(), binary)
    if (loads()) {
      fs.writeFileSync(marker, key())
      return
    }
    say('  The cached database module does not load here; building it again.')
  }
  await step('Database module', build)
  remember()
}

async function build() {
  const npm = npmCommand()
  await run(npm.command, [...npm.args, 'rebuild', 'better-sqlite3', '--ignore-scripts=false', '--foreground-scripts'], {
    log: 'native-modules',
    failure: 'The database module could not be built',
  })
  if (!loads())
    throw new SetupError('The database module was built but does not load; see .cache/logs/native-modules.log.')
}

function remember() {
  fs.writeFileSync(marker, key())
  try {
    fs.mkdirSync(path.dirname(cached()), { recursive: true })
    const temporary = `${cached()}.${process.pid}`
    fs.copyFileSync(binary, temporary)
    fs.renameSync(temporary, cached())
  } catch (error) {
    say(`  The database module could not be cached: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** In a process of its own: a binary for another libc may crash. */
function loads() {
  const script = `new (require(${JSON.stringify(packageDirectory)}))(':memory:').close()`
  return spawnSync(process.execPath, ['-e', script], { stdio: 'ignore' }).status === 0
}

/** @returns {string} */
function cached() {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache')
  return path.join(cache, 'chiave', 'native', `${key()}.node`)
}

function key() {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  const version = lock.packages['node_modules/better-sqlite3'].version
  return `better-sqlite3-${version}-abi${process.versions.modules}-${process.platform}-${process.arch}`
}
