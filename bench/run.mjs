// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { checkHypervisorHost, checkNode } from '../scripts/setup/host.mjs'
import { setUp } from '../scripts/setup/set-up.mjs'
import { SetupError } from '../scripts/setup/steps.mjs'

/**
 * `npm run bench -- NAME [options]`: prints a table and, as its last line, one JSON object with the same figures. A
 * benchmark is a file here that exports `measure(args)` and resolves with the two.
 */
async function main() {
  const [name, ...args] = process.argv.slice(2)
  const known = fs
    .readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
    .map((file) => file.replace(/\.mjs$/, ''))
  if (name === undefined || !known.includes(name)) {
    throw new SetupError(`npm run bench -- NAME, where NAME is one of: ${known.join(', ')}`)
  }
  checkNode()
  checkHypervisorHost()
  await setUp({ hypervisor: true, database: true, demoImage: true, tests: false })
  const { measure } = await import(path.join(import.meta.dirname, `${name}.mjs`))
  const { table, result } = await measure(args)
  process.stdout.write(`\n${formatTable(table)}\n\n${JSON.stringify(result)}\n`)
}

/**
 * @param {readonly (readonly (string | number)[])[]} rows the first one is the head
 * @returns {string}
 */
function formatTable(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)))
  return rows.map((row) => row.map((cell, column) => String(cell).padStart(widths[column] ?? 0)).join('  ')).join('\n')
}

try {
  await main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
