// @ts-check
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checks, report } from './check.mjs'
import { addUp, closingLine, countPlaywright, countVitest, withCrash } from './checks/count-tests.mjs'
import { runChecks } from './checks/run-quietly.mjs'
import { checkNode } from './setup/host.mjs'
import { setUp } from './setup/set-up.mjs'
import { cacheDirectory, root, SetupError, say, stopChildren } from './setup/steps.mjs'

/** @typedef {import('./checks/count-tests.mjs').Tally} Tally */

const reports = path.join(cacheDirectory, 'test')
/** Milliseconds after which a runner that hangs is ended. */
const patience = { unit: 20 * 60_000, api: 15 * 60_000, browser: 45 * 60_000 }
/** @type {Set<import('node:child_process').ChildProcess>} */
const runners = new Set()

/** @type {Record<string, (options: { full: boolean }) => Promise<Tally>>} */
const suites = { check: runCheckSuite, unit: runUnitSuite, api: runApiSuite, browser: runBrowserSuite }

/**
 * `npm test`: sets up a bare checkout, then runs everything, and counts it in the last line.
 * `--only check,unit,api,browser` runs a part; `--full` also what takes too long for every time.
 */
async function main() {
  const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, only: { type: 'string' } } })
  if (process.env['CI'] || !process.stdout.isTTY) {
    process.env['NO_COLOR'] = '1'
    delete process.env['FORCE_COLOR']
  }
  checkNode()
  await setUp({ hypervisor: true, database: true, demoImage: true, tests: true })
  fs.rmSync(reports, { recursive: true, force: true })
  fs.mkdirSync(reports, { recursive: true })
  const names = values.only?.split(',') ?? Object.keys(suites)
  /** @type {Tally[]} */
  const tallies = []
  for (const name of names) {
    const suite = suites[name]
    if (!suite) throw new SetupError(`--only: "${name}" is none of ${Object.keys(suites).join(', ')}.`)
    tallies.push(await suite({ full: values.full }))
  }
  return addUp(tallies)
}

/** @returns {Promise<Tally>} each check as one test */
async function runCheckSuite() {
  say('Checks')
  const results = await runChecks(checks, report)
  const passed = results.filter((result) => result.passed).length
  return { passed, failed: results.length - passed, skipped: 0 }
}

/**
 * @param {{ full: boolean }} options
 * @returns {Promise<Tally>}
 */
function runUnitSuite({ full }) {
  say('Unit and protocol tests')
  return runVitest({ name: 'vitest', full, patience: patience.unit })
}

/**
 * What `npm run test:api` asks of any API server, asked of our own.
 * @param {{ full: boolean }} options
 * @returns {Promise<Tally>}
 */
function runApiSuite({ full }) {
  say('The Kubernetes API, as its documentation has it')
  const args = ['--config', path.join('e2e', 'api', 'vitest.config.ts')]
  return runVitest({ name: 'api', args, full, patience: patience.api })
}

/**
 * @param {{ name: string, args?: string[], full: boolean, patience: number }} suite
 * @returns {Promise<Tally>}
 */
async function runVitest({ name, args = [], full, patience: limit }) {
  const output = path.join(reports, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`]
  const endedWell = await runSuite({
    args: ['node_modules/vitest/vitest.mjs', 'run', ...args, ...reporters],
    env: full ? { CHIAVE_TEST_FULL: '1' } : {},
    patience: limit,
  })
  return withCrash(readReport(output, countVitest), endedWell)
}

/**
 * @param {{ full: boolean }} options
 * @returns {Promise<Tally>}
 */
async function runBrowserSuite({ full }) {
  say('Browser tests')
  const output = path.join(reports, 'playwright.json')
  const endedWell = await runSuite({
    args: ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: output, ...(full ? { CHIAVE_TEST_FULL: '1' } : {}) },
    patience: patience.browser,
  })
  return withCrash(readReport(output, countPlaywright), endedWell)
}

/**
 * @template Report
 * @param {string} file
 * @param {(report: Report) => Tally} count
 * @returns {Tally} one failure for a report that was never or only half written
 */
function readReport(file, count) {
  try {
    return count(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch (error) {
    say(`No report of this run: ${error instanceof Error ? error.message : String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/**
 * Runs a test runner in a process group of its own, so that one that hangs is ended with all it started.
 * @param {{ args: string[], env: Record<string, string>, patience: number }} suite
 * @returns {Promise<boolean>} whether it ended by itself and well
 */
function runSuite({ args, env, patience: limit }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    })
    runners.add(child)
    const timer = setTimeout(() => {
      say(`This takes longer than ${limit / 60_000} minutes and is ended.`)
      endGroup(child, 'SIGKILL')
    }, limit)
    const settle = (/** @type {boolean} */ endedWell) => {
      clearTimeout(timer)
      runners.delete(child)
      resolve(endedWell)
    }
    child.once('error', (error) => {
      say(error.message)
      settle(false)
    })
    child.once('exit', (code) => settle(code === 0))
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function endGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    stopChildren()
    for (const runner of runners) endGroup(runner, signal)
    process.exit(130)
  })
}

/** @type {Tally} */
let tally
try {
  tally = await main()
} catch (error) {
  say(error instanceof SetupError ? error.message : error instanceof Error ? String(error.stack) : String(error))
  tally = { passed: 0, failed: 1, skipped: 0 }
}
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
say(closingLine(tally))
