// @ts-check
import { setUp } from './setup/set-up.mjs'
import { SetupError } from './setup/steps.mjs'

/** `npm run state -- COMMAND [--home DIR]`: builds what is missing, then becomes the command. */
try {
  await setUp({ hypervisor: false, database: false, demoImage: false, tests: false })
  await import(new URL('../dist/state.js', import.meta.url).href)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
