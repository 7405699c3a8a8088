// @ts-check
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { runChecks } from './checks/run-quietly.mjs'
import { root, say } from './setup/steps.mjs'

/**
 * @param {string} name
 * @param {string} script of a package in node_modules
 * @param {string[]} args
 */
const tool = (name, script, args) => ({
  name,
  command: process.execPath,
  args: [path.join(root, 'node_modules', script), ...args],
})

/** What can be said of the tree without running it, slowest first. */
export const checks = [
  tool('lint', 'eslint/bin/eslint.js', ['--cache', '--cache-location', '.cache/eslint/', '--max-warnings', '0', '.']),
  tool('types', 'typescript/bin/tsc', ['--noEmit', '-p', '.']),
  tool('arrows', 'dependency-cruiser/bin/dependency-cruise.mjs', [
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err',
    'app',
    'components',
    'contract',
    'server',
    'e2e',
    'bench',
  ]),
  tool('format', '@biomejs/biome/bin/biome', ['check', '--diagnostic-level=warn', '--max-diagnostics=20', '.']),
  { name: 'tree', command: process.execPath, args: [path.join(root, 'scripts', 'checks', 'tree.mjs')] },
]

/** The unit tests that what is not committed yet can have broken. */
const changedUnits = tool('unit tests of what changed', 'vitest/vitest.mjs', [
  'run',
  '--changed',
  '--passWithNoTests',
  '--reporter=dot',
])

/**
 * Prints a line for each check and all that a failed one said.
 * @param {import('./checks/run-quietly.mjs').CheckResult} result
 */
export function report({ name, passed, seconds, output }) {
  say(`  ${passed ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`)
  if (!passed) say(output.replace(/^/gm, '       '))
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = await runChecks([...checks, changedUnits], report)
  process.exitCode = results.every(({ passed }) => passed) ? 0 : 1
}
