// @ts-check
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')
export const cacheDirectory = path.join(root, '.cache')

/** Why the set-up cannot go on, in words for the person at the terminal. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError'
}

const started = Date.now()
/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()

/** Ends what the set-up runs, for a set-up that is interrupted or has failed in another place. */
export function stopChildren() {
  for (const child of children) child.kill('SIGTERM')
}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** Seconds since the command began. */
export function elapsed() {
  return Math.round((Date.now() - started) / 1000)
}

/**
 * Announces a piece of work, does it, and says how long it took.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const begin = Date.now()
  say(`  …  ${title}`)
  const result = await work()
  say(`  ok ${title} (${((Date.now() - begin) / 1000).toFixed(1)} s)`)
  return result
}

/**
 * Runs a command with its output in `.cache/logs/<log>.log`. A failure shows the last lines of it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ log: string, cwd?: string, env?: NodeJS.ProcessEnv, failure: string }} options
 * @returns {Promise<void>}
 */
export async function run(command, args, { log, cwd = root, env, failure }) {
  const logFile = path.join(cacheDirectory, 'logs', `${log}.log`)
  fs.mkdirSync(path.dirname(logFile), { recursive: true })
  const output = fs.openSync(logFile, 'a')
  const from = fs.fstatSync(output).size
  fs.writeSync(output, `\n$ ${command} ${args.join(' ')}\n`)
  try {
    await finish(command, args, { cwd, env: { ...process.env, ...env }, output })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SetupError(`${failure} (${reason}). The last lines of ${logFile}:\n\n${lastLines(logFile, from)}`)
  } finally {
    fs.closeSync(output)
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, output: number }} options
 * @returns {Promise<void>}
 */
function finish(command, args, { cwd, env, output }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', output, output] })
    children.add(child)
    child.once('error', (error) => {
      children.delete(child)
      reject(error)
    })
    child.once('exit', (code, signal) => {
      children.delete(child)
      if (code === 0) resolve()
      else reject(new Error(signal ? `ended by ${signal}` : `exit code ${code}`))
    })
  })
}

/**
 * @param {string} file
 * @param {number} from byte offset
 */
function lastLines(file, from) {
  const text = fs.readFileSync(file).subarray(from).toString('utf8')
  return text.trimEnd().split('\n').slice(-25).join('\n')
}

/**
 * The arguments that run npm with this very Node, also where `npm` is a shell script or a batch file.
 * @returns {{ command: string, args: string[] }}
 */
export function npmCommand() {
  const script = process.env['npm_execpath']
  if (script && /npm-cli\.c?js$/.test(script)) return { command: process.execPath, args: [script] }
  const beside = [
    path.join(path.dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((file) => fs.existsSync(file))
  return beside ? { command: process.execPath, args: [beside] } : { command: 'npm', args: [] }
}

/**
 * Looks a program up as a shell would, and in the places for system programs, which are not on everybody's PATH.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function findProgram(name, env = process.env) {
  const directories = [...(env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
  for (const directory of directories) {
    if (directory === '') continue
    const file = path.join(directory, name)
    try {
      fs.accessSync(file, fs.constants.X_OK)
      return file
    } catch {
      // Not here: the next directory may have it.
    }
  }
  return undefined
}
