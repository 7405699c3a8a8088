import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import type { GuestCaps, LimitEntry } from './limits'
import type { ProcessTools } from './process-tools'
import { environment } from './programs'

export interface GuestProcess {
  command: string[]
  /** Working directory; the process' own files go there. */
  directory: string
  /** Standard output and error are appended here. */
  logFile: string
  /** The guest's own user; without one it runs as this process' user. */
  uid?: number | undefined
  /** A group it needs besides its own, e.g. of /dev/kvm. */
  extraGid?: number | undefined
  limits: LimitEntry
  caps: GuestCaps
  /** Hold the address space too: the only memory limit where no control groups are. */
  limitAddressSpace: boolean
}

/** What QEMU may map besides the guest's memory: thread stacks, heaps' reserves, libraries. */
const addressSpaceAllowance = 4 * 2 ** 30

// Writes its own pid where the limits want it, then becomes the guest's process: the pid stays the same all the way.
const enterLimits =
  'umask 177; unset PWD; n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 125; shift; n=$((n-1)); done; exec "$@"'

/**
 * Starts a detached process that outlives this one: own session, empty environment, no way to new privileges, its own
 * user and limits. The child is the confined program itself (every step before it ends in exec).
 */
export async function launch(guest: GuestProcess, tools: ProcessTools): Promise<ChildProcess> {
  const { limits } = guest
  const confined = [...confinement(guest, tools), ...guest.command]
  const entered = [
    tools.sh,
    '-c',
    enterLimits,
    'sh',
    String(limits.procsFiles.length),
    ...limits.procsFiles,
    ...confined,
  ]
  // The scope's program needs its environment, the guest must not have it.
  const scoped = limits.prefix.length > 0 ? [...limits.prefix, tools.env, '-i', ...entered] : entered
  const [program = '', ...args] = scoped
  const log = await open(guest.logFile, 'a', 0o600)
  try {
    const child = spawn(program, args, {
      cwd: guest.directory,
      detached: true,
      env: environment(limits.environment),
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

function confinement({ uid, extraGid, caps, limitAddressSpace }: GuestProcess, tools: ProcessTools): string[] {
  const identity =
    uid === undefined
      ? []
      : [
          ...['--reuid', String(uid), '--regid', String(uid)],
          ...(extraGid === undefined ? ['--clear-groups'] : ['--groups', String(extraGid)]),
          ...['--inh-caps', '-all', '--bounding-set', '-all'],
        ]
  return [
    ...[tools.setpriv, '--no-new-privs', ...identity],
    ...[tools.prlimit, '--core=0', '--nofile=4096', '--memlock=65536'],
    // The kernel counts per user: without a user of its own a guest would be charged for all others.
    ...(uid === undefined ? [] : [`--nproc=${caps.tasks}`]),
    ...(limitAddressSpace ? [`--as=${caps.memoryBytes + addressSpaceAllowance}`] : []),
    '--',
  ]
}
