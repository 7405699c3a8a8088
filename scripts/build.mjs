// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { fingerprint, isFresh } from './setup/build-stamp.mjs'
import { root, run, SetupError, say, step } from './setup/steps.mjs'

const distDirectory = path.join(root, 'dist')
const nextDirectory = path.join(root, process.env['CHIAVE_NEXT_DIST'] ?? '.next')
const shared = ['contract', 'tsconfig.json', 'package-lock.json', 'scripts/build.mjs']
const pages = {
  stamp: path.join(nextDirectory, 'chiave-stamp'),
  sources: [...shared, 'app', 'components', 'public', 'next.config.mjs', 'proxy.ts'],
}
const server = {
  stamp: path.join(distDirectory, 'chiave-stamp'),
  sources: [...shared, 'scripts/schemas', 'deploy/base/definitions.yaml', 'server'],
}

/**
 * The server's entry points. The import worker is one of its own because it runs as another user and should load
 * nothing but what it needs.
 */
const entries = {
  main: 'server/main.ts',
  'import-worker': 'server/hypervisor/disks/import-worker.ts',
  state: 'server/state/main.ts',
}

/**
 * Packages that stay in `node_modules`: the native one; @peculiar/x509, which is loaded only when a certificate is
 * signed; and Next, which brings its own React and finds files at run time. All others are bundled: fewer files to load
 * and nothing unused halve the time to load and the memory, most of all for @kubernetes/client-node. (Bundled pino cannot
 * start transports, which are workers with files of their own.)
 */
const external = ['@peculiar/x509', 'better-sqlite3', 'esbuild', 'next', 'react', 'react-dom', 'typescript']

/** Whether the pages or the server have to be built. */
export function buildIsStale() {
  return !isFresh(pages.stamp, pages.sources) || !isFresh(server.stamp, server.sources)
}

/** Builds what is out of date; needs the Node packages. */
export async function build() {
  await Promise.all([
    isFresh(server.stamp, server.sources) ? undefined : step('Server', buildServer),
    isFresh(pages.stamp, pages.sources) ? undefined : step('Pages', buildPages),
  ])
}

async function buildPages() {
  // Taken before the build: a file that changes meanwhile makes the next start build again.
  const made = fingerprint(pages.sources)
  const next = path.join(root, 'node_modules', 'next', 'dist', 'bin', 'next')
  await run(process.execPath, [next, 'build'], {
    log: 'pages',
    env: { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    failure: 'The pages could not be built',
  })
  fs.writeFileSync(pages.stamp, made)
}

async function buildServer() {
  const made = fingerprint(server.sources)
  await run(process.execPath, [path.join(root, 'scripts', 'build.mjs'), '--server-only'], {
    log: 'server',
    failure: 'The server could not be built',
  })
  fs.writeFileSync(server.stamp, made)
}

/** Bundles the server into a fresh directory and swaps it in, so that no start ever sees half of it. */
async function bundle() {
  const { build: esbuild } = await import('esbuild')
  const next = `${distDirectory}.${process.pid}`
  try {
    await esbuild({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(
        Object.entries(entries).filter(([, file]) => fs.existsSync(path.join(root, file))),
      ),
      outdir: next,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      alias: { '@': root },
      external,
      sourcemap: 'linked',
      sourcesContent: false,
      // CommonJS packages inside the bundle ask for Node's own modules with require.
      banner: {
        js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
      },
      loader: { '.yaml': 'text' },
      logLevel: 'warning',
    })
    // Imported here: this file is read before there are any packages.
    const { ensureSchemas, schemasDirectory } = await import('./schemas/generate.mjs')
    ensureSchemas()
    fs.cpSync(schemasDirectory, path.join(next, 'schemas'), { recursive: true })
    fs.rmSync(distDirectory, { recursive: true, force: true })
    fs.renameSync(next, distDirectory)
  } finally {
    fs.rmSync(next, { recursive: true, force: true })
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  if (process.argv.includes('--server-only')) {
    // esbuild has printed its errors already.
    await bundle().catch(() => (process.exitCode = 1))
  } else {
    try {
      await build()
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      say(error.message)
      process.exitCode = 1
    }
  }
}
