// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { root } from '../../scripts/setup/steps.mjs'

/**
 * The console's gateway alone in a process of its own, without pages: what the console process runs. `npm run bench`
 * starts it with `node gateway.mjs '{"directory": …, "connection": …}'`; it prints its address once it listens.
 */
const entry = `
import { pino } from 'pino'
import { createSocketConnection } from '@/server/cluster/socket-connection'
import { createKubeconfigConnection } from '@/server/cluster/kubeconfig'
import { startGateway } from '@/server/http/gateway'

const { directory, connection: given, name } = JSON.parse(process.argv[2])
const connection = given.socketPath
  ? createSocketConnection({ name, impersonate: true, ...given })
  : createKubeconfigConnection({ name, kubeconfigPath: given.kubeconfig, context: undefined })
const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  publicHosts: [],
  connections: {
    get: (wanted) => (wanted === name ? connection : undefined),
    list: () => [{ name, displayName: name, type: 'kubeconfig', connection }],
  },
  stateDirectory: directory + '/console',
  loginUrlFile: directory + '/login-url',
  issueIdentity: () => ({ type: 'self' }),
  page: (_request, response) => response.end(),
  callLimits: { concurrentRequests: 1e9, concurrentStreams: 1e9, perSecond: 1e9, burst: 1e9 },
  log: pino({ level: 'info' }, pino.destination({ dest: directory + '/gateway.log', sync: false })),
  version: 'bench',
})
process.stdout.write('gateway at ' + gateway.url + '\\n')
process.on('SIGTERM', () => gateway.close().then(() => process.exit(0)))
`

/**
 * Bundles it as the build does, but into a directory of the caller's.
 * @param {string} directory
 * @returns {Promise<string>} the file to run
 */
export async function bundleGateway(directory) {
  const outfile = path.join(directory, 'gateway.mjs')
  await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: root, sourcefile: 'bench-gateway.ts', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    external: ['@peculiar/x509', 'better-sqlite3', 'esbuild', 'next', 'react', 'react-dom', 'typescript'],
    banner: { js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);" },
    logLevel: 'error',
  })
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'))
  return outfile
}
