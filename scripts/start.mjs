// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { homeLacksDemoImage, placeDemoImage } from './setup/demo-image.mjs'
import { resolveHome } from './setup/home.mjs'
import { checkHypervisorHost, checkNode } from './setup/host.mjs'
import { helpText, parseStartOptions, UsageError } from './setup/options.mjs'
import { reportMissing, setUp } from './setup/set-up.mjs'
import { root, SetupError, say, stopChildren } from './setup/steps.mjs'

/** `npm start`: sets up what is missing, then becomes the server, in the same process so that signals reach it. */
async function main() {
  const options = parseStartOptions(process.argv.slice(2), process.env)
  if (options.help) return say(helpText())
  if (options.version) return say(JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version)
  checkNode()
  if (options.needsHypervisor) checkHypervisorHost()
  const home = resolveHome(options.home)
  const needs = {
    hypervisor: options.needsHypervisor,
    database: options.needsDatabase,
    demoImage: options.needsHypervisor && homeLacksDemoImage(home),
    tests: false,
  }
  if (options.noInstall) {
    if (!(await reportMissing(needs))) process.exitCode = 1
    return
  }
  await withInterruption(() => setUp(needs))
  if (needs.demoImage) placeDemoImage(home)
  const server = path.join(root, 'dist', 'main.js')
  process.argv[1] = server
  await import(pathToFileURL(server).href)
}

/**
 * An interrupted set-up leaves nothing running.
 * @param {() => Promise<void>} work
 */
async function withInterruption(work) {
  const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
    stopChildren()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  try {
    await work()
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof SetupError) && !(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
