// @ts-check
import { spawn } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkNode } from './setup/host.mjs'
import { setUp } from './setup/set-up.mjs'
import { root, SetupError, say } from './setup/steps.mjs'

/**
 * `npm run test:api -- --kubeconfig FILE [--context NAME] [FILTER…]`: the protocol suite against any API server that
 * one may administer; without a kubeconfig against our own.
 */
async function main() {
  const { values, positionals } = parseArgs({
    options: { kubeconfig: { type: 'string' }, context: { type: 'string' } },
    allowPositionals: true,
  })
  checkNode()
  await setUp({ hypervisor: false, database: true, demoImage: false, tests: false, build: false })
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--config',
      path.join('e2e', 'api', 'vitest.config.ts'),
      ...positionals,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        ...(values.kubeconfig ? { CHIAVE_TEST_KUBECONFIG: path.resolve(values.kubeconfig) } : {}),
        ...(values.context ? { CHIAVE_TEST_CONTEXT: values.context } : {}),
      },
    },
  )
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
}

try {
  await main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = 1
}
