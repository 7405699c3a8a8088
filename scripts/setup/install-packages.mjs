// @ts-check
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline/promises'
import { cacheDirectory, findProgram, run, SetupError, say, step } from './steps.mjs'
import { hasApt, missingPackages } from './system-packages.mjs'

const unavailableFile = path.join(cacheDirectory, 'unavailable-packages')

/** @typedef {import('./system-packages.mjs').SystemPackage} SystemPackage */

/**
 * The lines that name packages and what each is for.
 * @param {readonly SystemPackage[]} packages
 */
export function describePackages(packages) {
  const width = Math.max(...packages.map(({ name }) => name.length))
  return packages.map(({ name, purpose }) => `    ${name.padEnd(width)}  ${purpose}`)
}

/**
 * Finds out how to get what is missing: at once as root, after asking through sudo, and otherwise not, with the command
 * to type. Resolves with what does the installation, which asks nothing more.
 * @param {readonly SystemPackage[]} packages
 * @returns {Promise<() => Promise<void>>}
 */
export async function planSystemPackages(packages) {
  const unavailable = readUnavailable()
  const missing = missingPackages(packages).filter((entry) => entry.required || !unavailable.includes(entry.name))
  const required = missing.filter((entry) => entry.required)
  const wanted = missing.filter((entry) => !entry.required)
  const prefix = missing.length === 0 ? undefined : await installerPrefix(missing, required)
  if (prefix === undefined) return async () => undefined
  return () =>
    step('System packages', async () => {
      await apt(prefix, ['update'], 'The package lists could not be read')
      if (required.length > 0) await apt(prefix, install(required), 'The system packages could not be installed')
      if (wanted.length > 0) await installWanted(prefix, wanted)
      const still = missingPackages(required)
      if (still.length > 0) {
        throw new SetupError(`Still missing after the installation: ${still.map(({ name }) => name).join(', ')}.`)
      }
    })
}

/** @param {readonly SystemPackage[]} packages */
function install(packages) {
  return ['install', '-y', '--no-install-recommends', ...packages.map(({ name }) => name)]
}

/**
 * What is only wanted stops nothing: another release of the distribution may not have it.
 * @param {readonly string[]} prefix
 * @param {readonly SystemPackage[]} wanted
 */
async function installWanted(prefix, wanted) {
  try {
    await apt(prefix, install(wanted), 'not available here')
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    const names = wanted.map(({ name }) => name)
    say(`  Going on without ${names.join(', ')}; see .cache/logs/system-packages.log.`)
    fs.writeFileSync(unavailableFile, [...readUnavailable(), ...names].join('\n'))
  }
}

function readUnavailable() {
  return fs.existsSync(unavailableFile) ? fs.readFileSync(unavailableFile, 'utf8').split('\n') : []
}

/**
 * How to become able to install: nothing in front as root, sudo otherwise; undefined to go on without. Throws when what
 * is required cannot be installed from here.
 * @param {readonly SystemPackage[]} missing
 * @param {readonly SystemPackage[]} required
 * @returns {Promise<string[] | undefined>}
 */
async function installerPrefix(missing, required) {
  const asRoot = hasApt() && process.getuid?.() === 0
  if (asRoot || required.length > 0) {
    say('  System packages that are missing:')
    for (const line of describePackages(missing)) say(line)
  }
  if (asRoot) return []
  const command = manualCommand(missing)
  if (required.length === 0) {
    say(`  Going on without ${missing.map(({ name }) => name).join(', ')}; to install: ${command}`)
    return undefined
  }
  const sudo = hasApt() ? await agreedSudo() : undefined
  if (sudo) return [sudo]
  throw new SetupError(
    hasApt()
      ? `Install them as root, then run the command again:\n\n  ${command}\n`
      : 'Install them with the package manager of this system (the names are Debian’s), then run the command again.',
  )
}

/**
 * What a person types to install the packages.
 * @param {readonly SystemPackage[]} packages
 */
function manualCommand(packages) {
  const names = packages.map(({ name }) => name).join(' ')
  if (!hasApt()) return `the package manager of this system (the names are Debian’s)`
  const command = `apt-get update && apt-get install --no-install-recommends ${names}`
  return findProgram('sudo') ? `sudo sh -c '${command}'` : command
}

/**
 * sudo, when there is a person who wants it used.
 * @returns {Promise<string | undefined>}
 */
async function agreedSudo() {
  const sudo = findProgram('sudo')
  if (!sudo || !process.stdin.isTTY || !process.stdout.isTTY || !(await agreed())) return undefined
  // Asks for the password now, in the open, so that the logged commands need none.
  return spawnSync(sudo, ['-v'], { stdio: 'inherit' }).status === 0 ? sudo : undefined
}

/** @returns {Promise<boolean>} */
async function agreed() {
  const questions = readline.createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await questions.question('  Install them now with sudo? [Y/n] ')
    return /^(|y|yes|s|sì|si)$/i.test(answer.trim())
  } finally {
    questions.close()
  }
}

/**
 * @param {readonly string[]} prefix
 * @param {readonly string[]} args
 * @param {string} failure
 */
async function apt(prefix, args, failure) {
  const [command = '', ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  await run(command, [...before, '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { log: 'system-packages', failure })
}
