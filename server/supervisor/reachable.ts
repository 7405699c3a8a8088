import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { StartError } from '../start-error'

/** Set for the second run of the supervisor, whose mount namespace shows the program where everyone may read it. */
const marker = 'CHIAVE_REACHABLE'

/**
 * As root, console and cluster run as users of their own, who must be able to read the program. A clone below `/root` (or
 * a Node from a version manager there) is closed to them. Then the supervisor starts itself anew in a private mount
 * namespace that shows the clone and the Node binary below the home; nothing of it is seen outside or outlives it.
 * Resolves with the exit code of that second run, or `undefined` when none was needed.
 */
export async function runWhereReachable(options: {
  root: string
  home: string
  script: string
  argv: readonly string[]
}): Promise<number | undefined> {
  const { root, home, argv } = options
  const closed = [root, process.execPath].filter((file) => !isOpenToOthers(file))
  if (closed.length === 0 || process.env[marker] !== undefined) return undefined
  const app = path.join(home, 'run', 'app')
  const node = path.join(home, 'run', 'node')
  fs.mkdirSync(app, { recursive: true, mode: 0o755 })
  fs.closeSync(fs.openSync(node, 'a', 0o755))
  const commands = 'mount --bind "$0" "$1" && mount --bind "$2" "$3" && shift 3 && exec "$@"'
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--propagation',
      'private',
      '--',
      'sh',
      '-c',
      commands,
      root,
      app,
      process.execPath,
      node,
      node,
      path.join(app, path.relative(root, options.script)),
      ...argv,
    ],
    { stdio: 'inherit', env: { ...process.env, [marker]: '1' } },
  )
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', () =>
      reject(
        new StartError(
          `${closed.join(' and ')} can be read by root alone, and Chiave's parts do not run as root; move it to a place like /opt.`,
        ),
      ),
    )
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

function isOpenToOthers(file: string): boolean {
  const others = fs.statSync(file).mode & 0o005
  if (others !== 0o005) return false
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    if ((fs.statSync(directory).mode & 0o001) === 0) return false
    if (directory === path.dirname(directory)) return true
  }
}
