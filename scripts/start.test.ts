import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildIsStale } from './build.mjs'

const root = path.resolve(import.meta.dirname, '..')
let scratch: string
let running: ChildProcess | undefined

beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-start-'))
})
afterEach(async () => {
  if (running) await ended(running)
  running = undefined
  fs.rmSync(scratch, { recursive: true, force: true })
})

/** Runs the start command with an empty PATH, in which no program of the host can be found. */
function startWithoutHost(args: string[], directory = root) {
  return spawnSync(process.execPath, ['scripts/start.mjs', ...args], {
    cwd: directory,
    env: { HOME: scratch, PATH: '/nonexistent', NODE_ENV: 'production' },
    encoding: 'utf8',
  })
}

describe('npm start', () => {
  test('--help and --version answer without setting anything up', () => {
    expect(startWithoutHost(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--api-port') })
    expect(startWithoutHost(['--version']).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('a mistyped option is answered at once, in one sentence', () => {
    const { status, stdout, stderr } = startWithoutHost(['--hme', scratch])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr.trim()).toBe("Unknown option '--hme'. See npm start -- --help.")
  })

  test('--no-install lists what is missing with its purpose, installs nothing, and says so by its exit code', () => {
    const { status, stdout } = startWithoutHost(['--no-install', '--home', scratch])
    expect(status).toBe(1)
    expect(stdout).toMatch(/qemu-system-x86\s+runs the guests/)
    expect(stdout).toMatch(/qemu-utils/)
  })

  test('a cluster needs no system packages', () => {
    const { stdout } = startWithoutHost(['--no-install', '--cluster', 'kubeconfig'])
    expect(stdout).toContain('System packages: none needed.')
    expect(stdout).not.toContain('better-sqlite3')
  })
})

describe.skipIf(buildIsStale())('npm start on a laptop (needs a build: npm run build)', () => {
  test('with a cluster needs neither native modules, QEMU, ip nor root', async () => {
    const checkout = layOutWithoutNativeModule()
    const port = await freePort()
    const asNobody = process.getuid?.() === 0 && isOpenToOthers(root) ? { uid: 65_534, gid: 65_534 } : {}
    if ('uid' in asNobody) giveAway(scratch, asNobody.uid)
    const child = spawn(
      process.execPath,
      ['scripts/start.mjs', '--cluster', 'kubeconfig', '--kubeconfig', path.join(scratch, 'kubeconfig')].concat([
        '--home',
        path.join(scratch, 'home'),
        '--port',
        String(port),
      ]),
      {
        cwd: checkout,
        env: { HOME: scratch, PATH: '/nonexistent', NODE_ENV: 'production' },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...asNobody,
      },
    )
    running = child
    const output = await readUntil(child, 'Chiave is ready at ')
    expect(output).toContain(`http://127.0.0.1:${port}/`)
    expect(output).not.toContain('Setting up')
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  }, 60_000)
})

/** A copy of the checkout as it is after the set-up, but for better-sqlite3; returns its path. */
function layOutWithoutNativeModule(): string {
  const checkout = path.join(scratch, 'checkout')
  const left = ['node_modules', '.git', '.next', '.cache', 'test-results']
  fs.cpSync(root, checkout, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !left.includes(path.relative(root, source)),
  })
  fs.cpSync(path.join(root, '.next'), path.join(checkout, '.next'), {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => path.relative(root, source) !== path.join('.next', 'cache'),
  })
  fs.mkdirSync(path.join(checkout, 'node_modules'))
  for (const entry of fs.readdirSync(path.join(root, 'node_modules'))) {
    if (entry === 'better-sqlite3') continue
    fs.symlinkSync(path.join(root, 'node_modules', entry), path.join(checkout, 'node_modules', entry))
  }
  const cluster = { name: 'away', cluster: { server: 'https://127.0.0.1:1' } }
  const context = { name: 'away', context: { cluster: 'away', user: 'me' } }
  fs.writeFileSync(
    path.join(scratch, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      contexts: [context],
      users: [{ name: 'me', user: { token: 'none' } }],
      'current-context': 'away',
    }),
  )
  return checkout
}

function giveAway(directory: string, uid: number): void {
  fs.lchownSync(directory, uid, uid)
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name)
    if (entry.isDirectory()) giveAway(file, uid)
    else fs.lchownSync(file, uid, uid)
  }
}

function isOpenToOthers(file: string): boolean {
  for (let directory = file; ; directory = path.dirname(directory)) {
    if ((fs.statSync(directory).mode & 0o005) !== 0o005) return false
    if (directory === path.dirname(directory)) return true
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function readUntil(child: ChildProcess, text: string): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(text)) resolve(output)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.once('exit', (code) => reject(new Error(`ended with ${code} before "${text}":\n${output}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}
