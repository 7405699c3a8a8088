// @ts-check
import { spawn } from 'node:child_process'
import { root } from '../setup/steps.mjs'

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} args
 */

/** @typedef {{ name: string, passed: boolean, seconds: number, output: string }} CheckResult */

/**
 * Runs commands, two at a time, and keeps what they print.
 * @param {readonly Check[]} checks
 * @param {(result: CheckResult) => void} onResult
 * @returns {Promise<CheckResult[]>}
 */
export async function runChecks(checks, onResult) {
  const waiting = [...checks]
  /** @type {CheckResult[]} */
  const results = []
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const result = await runQuietly(check)
      results.push(result)
      onResult(result)
    }
  }
  await Promise.all([worker(), worker()])
  return results
}

/**
 * @param {Check} check
 * @returns {Promise<CheckResult>}
 */
function runQuietly({ name, command, args }) {
  const begin = Date.now()
  return new Promise((resolve) => {
    let output = ''
    const settle = (/** @type {boolean} */ passed) =>
      resolve({ name, passed, seconds: (Date.now() - begin) / 1000, output: output.trimEnd() })
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => {
      output += error.message
      settle(false)
    })
    child.once('close', (code) => settle(code === 0))
  })
}
