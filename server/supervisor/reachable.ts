import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { isEnteredByOthers, isOpen, openToOthers } from '../home/open-to-others'
import { StartError } from '../start-error'

/** Set for the second run of the supervisor, whose mount namespace shows the program where everyone may read it. */
const marker = 'CHIAVE_REACHABLE'

/** What console and cluster read of a checkout while they run; the rest of it is none of their business. */
const parts = ['dist', '.next', 'node_modules', 'public', 'package.json', 'next.config.mjs']

export interface Program {
  /** The checkout. */
  root: string
  home: string
  /** The bundle that is started, below the root. */
  script: string
  argv: readonly string[]
}

/**
 * As root, console and cluster run as users of their own, who must be able to read the program. What was made under a
 * narrow umask is opened to them. A clone below `/root` (or a Node from a version manager there) stays closed: then the
 * supervisor starts itself anew in a mount namespace of its own that shows the clone and the Node binary below the home;
 * nothing of it outlives it. Resolves with the exit code of that second run, or `undefined` when none was needed.
 */
export async function runWhereReachable(program: Program, say: (line: string) => void): Promise<number | undefined> {
  if (process.env[marker] !== undefined) return undefined
  const opened = openToOthers(program.root, parts)
  if (opened.length > 0) say(`Made readable for the users that Chiave runs as: ${opened.join(', ')}`)
  const plan = planShowing(program)
  if (!plan) return undefined
  const [command = '', ...args] = plan.command
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, [marker]: '1' } })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const mount of plan.mounts) endLeakedMount(mount)
      resolve(code ?? (signal ? 1 : 0))
    })
  })
}

interface Mount {
  from: string
  to: string
}

/**
 * The command that shows what is closed below the home and starts the program from there; undefined when nothing is
 * closed. Throws a StartError where mount namespaces are not allowed.
 */
export function planShowing({ root, home, script, argv }: Program): { command: string[]; mounts: Mount[] } | undefined {
  const closedRoot = !isEnteredByOthers(root)
  const closedNode = !isEnteredByOthers(process.execPath) || !isOpen(process.execPath)
  if (!closedRoot && !closedNode) return undefined
  const run = path.join(home, 'run')
  const app = closedRoot ? path.join(run, 'app') : root
  const node = closedNode ? path.join(run, 'node') : process.execPath
  const mounts: Mount[] = []
  fs.mkdirSync(run, { recursive: true, mode: 0o755 })
  if (closedRoot) {
    fs.mkdirSync(app, { recursive: true })
    mounts.push({ from: root, to: app })
  }
  if (closedNode && isOpen(process.execPath)) {
    fs.closeSync(fs.openSync(node, 'a', 0o755))
    mounts.push({ from: process.execPath, to: node })
  } else if (closedNode) {
    // A file that is closed itself is so wherever it is shown.
    fs.rmSync(node, { force: true })
    fs.copyFileSync(process.execPath, node)
    fs.chmodSync(node, 0o755)
  }
  const refusal = `${[closedRoot ? root : '', closedNode ? process.execPath : ''].filter(Boolean).join(' and ')} can be reached by root alone, Chiave's parts do not run as root, and this host allows no mounts that would show it to them; move it to a place like /opt.`
  const showing =
    'while [ "$1" != -- ]; do mount --bind "$1" "$2" 2>/dev/null || { echo "$0" >&2; exit 1; }; shift 2; done'
  return {
    mounts,
    command: [
      ...['unshare', '--mount', '--propagation', workingPropagation(refusal), '--'],
      ...['sh', '-c', `${showing}; shift; exec "$@"`, refusal, ...mounts.flatMap(({ from, to }) => [from, to]), '--'],
      ...[node, path.join(app, path.relative(root, script)), ...argv],
    ],
  }
}

/** Where `/` is no mount point, as in a chroot, its propagation cannot be changed (mount(2): EINVAL). */
function workingPropagation(refusal: string): string {
  const works = (how: string) =>
    spawnSync('unshare', ['--mount', '--propagation', how, '--', 'true'], { stdio: 'ignore' }).status === 0
  const found = ['private', 'unchanged'].find(works)
  if (found === undefined) throw new StartError(refusal)
  return found
}

/** Mounts spread to the host's namespace where the propagation could not be changed and was shared. */
function endLeakedMount({ from, to }: Mount): void {
  const [source, shown] = [from, to].map((file) => fs.statSync(file, { throwIfNoEntry: false }))
  if (source && shown && source.dev === shown.dev && source.ino === shown.ino) {
    spawnSync('umount', ['--lazy', to], { stdio: 'ignore' })
  }
}
