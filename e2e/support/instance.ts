import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')

export interface InstanceOptions {
  home?: string
  port?: number
  args?: string[]
  env?: Record<string, string>
}

export interface Instance {
  home: string
  port: number
  url: string
  kubeconfig: string
  process: ChildProcess
  /** Everything it printed so far. */
  output(): string
  /** A fresh one-time sign-in link. */
  loginUrl(): string
  /** As Ctrl-C; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Ids of all processes of Chiave itself, guests not among them. */
  pids(): number[]
}

/** A port that nothing listens on, and whose successor is free as well. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** A home short enough for unix sockets; traversable, as guests run as users of their own. */
export function temporaryHome(): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-'))
  fs.chmodSync(home, 0o711)
  return home
}

/** Starts Chiave as `npm start` does once all is built, and waits for the ready line. */
export async function startInstance(options: InstanceOptions = {}): Promise<Instance> {
  const home = options.home ?? temporaryHome()
  const port = options.port ?? (await freePorts())
  const child = spawn(
    process.execPath,
    [path.join(root, 'dist/main.js'), '--home', home, '--port', String(port), ...(options.args ?? [])],
    { cwd: root, env: { ...process.env, ...options.env, NODE_ENV: 'production' }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const deadline = Date.now() + 60_000
  while (!output.includes('Chiave is ready at ')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`Chiave did not get ready:\n${output}\n${logs(home)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    home,
    port,
    url: `http://127.0.0.1:${port}`,
    kubeconfig: path.join(home, 'kubeconfig'),
    process: child,
    output: () => output,
    loginUrl: () => fs.readFileSync(path.join(home, 'login-url'), 'utf8').trim(),
    stop: async (signal = 'SIGINT') => {
      child.kill(signal)
      return exited
    },
    pids: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)],
  }
}

/** Runs the start command to its end, for starts that are expected to refuse. */
export function runStart(args: string[], env: Record<string, string> = {}): { code: number | null; output: string } {
  try {
    const output = execFileSync(process.execPath, [path.join(root, 'dist/main.js'), ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: 'pipe',
      timeout: 60_000,
    })
    return { code: 0, output: output.toString() }
  } catch (error) {
    // execFileSync's error carries the exit code and both streams.
    const failed = error as { status: number | null; stdout: Buffer; stderr: Buffer }
    return { code: failed.status, output: `${failed.stdout}${failed.stderr}` }
  }
}

function childrenOf(pid: number): number[] {
  return fs
    .readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid && !isGuest(candidate))
    .flatMap((child) => [child, ...childrenOf(child)])
}

function isGuest(pid: number): boolean {
  try {
    return /qemu-system/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '')
  } catch {
    // It ended between the listing and this read.
    return false
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It ended between the listing and this read.
    return undefined
  }
}

/** Ids of QEMU processes that belong to a home. In a root of its own the instance calls its home otherwise than we do. */
export function guestPids(home: string): number[] {
  const inside = process.env['CHIAVE_HOME_INSIDE'] ?? home
  return fs
    .readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const command = fs.readFileSync(`/proc/${entry}/cmdline`, 'utf8')
        return /qemu-system/.test(command.split('\0')[0] ?? '') && command.includes(inside)
      } catch {
        // It ended between the listing and this read.
        return false
      }
    })
    .map(Number)
}

/** Everything below the home that a machine or its disks left: directories of machines and disks of every node. */
export function leftovers(home: string): string[] {
  const nodes = path.join(home, 'nodes')
  return fs.readdirSync(nodes).flatMap((node) =>
    ['machines', 'disks'].flatMap((kind) => {
      const directory = path.join(nodes, node, kind)
      return fs.existsSync(directory) ? fs.readdirSync(directory).map((entry) => path.join(directory, entry)) : []
    }),
  )
}

export function logs(home: string): string {
  const directory = path.join(home, 'logs')
  if (!fs.existsSync(directory)) return ''
  return fs
    .readdirSync(directory)
    .map((file) => `== ${file}\n${fs.readFileSync(path.join(directory, file), 'utf8').slice(-4_000)}`)
    .join('\n')
}

/** Ends every guest of a home and removes it. */
export function removeHome(home: string): void {
  for (const pid of guestPids(home)) process.kill(pid, 'SIGKILL')
  fs.rmSync(home, { recursive: true, force: true })
}
