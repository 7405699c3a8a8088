import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { HostFacts, MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { findProgram, environment as processEnvironment } from './programs'

const run = promisify(execFile)

export interface GuestCaps {
  memoryBytes: number
  /** Threads and processes. */
  tasks: number
}

/** How this host holds a guest to its size; chosen once per agent start. */
export interface Limits {
  kind: HostFacts['confinement']['limits']
  /** What the chosen means can not do, in sentences. */
  gaps: string[]
  /** Prepares the limits of one guest and says how its first process gets under them. */
  prepare(id: string, caps: GuestCaps): Promise<LimitEntry>
  /** After the guest's last process has ended. */
  release(id: string): Promise<void>
  /** Removes what all guests share. */
  removeAll(): Promise<void>
}

export interface LimitEntry {
  /** A program to run the guest's command by. */
  prefix: string[]
  /** The environment that program needs. */
  environment: Record<string, string>
  /** Files into which the guest's first process writes its own pid. */
  procsFiles: string[]
}

const nothing: LimitEntry = { prefix: [], environment: {}, procsFiles: [] }

/** What a guest of this size may use: its memory and what QEMU needs besides (translation cache, video memory, threads). */
export function capsFor(spec: MachineSpec): GuestCaps {
  const cpus = spec.cpu.sockets * spec.cpu.cores * spec.cpu.threads
  const overhead = 256 * 2 ** 20 + cpus * 16 * 2 ** 20 + Math.ceil(spec.memoryBytes / 50)
  return { memoryBytes: spec.memoryBytes + overhead, tasks: 256 + cpus }
}

/** The strongest means that works here: each is tried for real before it is chosen. */
export async function chooseLimits(instance: string): Promise<Limits> {
  const name = `chiave-${instance}`
  return (await systemdLimits(name)) ?? (await cgroup2Limits(name)) ?? (await cgroup1Limits(name)) ?? processLimits()
}

async function systemdLimits(name: string): Promise<Limits | undefined> {
  try {
    await access('/run/systemd/system')
  } catch {
    // The init system is another one.
    return undefined
  }
  const program = await findProgram('systemd-run')
  if (program === undefined) return undefined
  const uid = process.getuid?.() ?? 0
  const environment: Record<string, string> = uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${uid}` }
  const start = (unit: string, caps: GuestCaps): string[] => [
    program,
    ...(uid === 0 ? [] : ['--user']),
    ...['--scope', '--quiet', '--collect', `--unit=${unit}`, `--slice=${name.replaceAll('-', '_')}.slice`],
    ...[`--property=MemoryMax=${caps.memoryBytes}`, `--property=TasksMax=${caps.tasks}`, '--'],
  ]
  try {
    const [command = '', ...args] = [
      ...start(`${name}-probe-${process.pid}`, { memoryBytes: 2 ** 28, tasks: 16 }),
      '/bin/true',
    ]
    await run(command, args, { env: processEnvironment(environment), timeout: 5_000 })
  } catch {
    // No bus, or no right to make scopes: the next means.
    return undefined
  }
  return {
    kind: 'systemd',
    gaps: [],
    prepare: (id, caps) => Promise.resolve({ prefix: start(`${name}-${id}`, caps), environment, procsFiles: [] }),
    release: () => Promise.resolve(),
    removeAll: () => Promise.resolve(),
  }
}

async function cgroup2Limits(name: string): Promise<Limits | undefined> {
  const mount = (await cgroupMounts()).find(({ type }) => type === 'cgroup2')?.path
  if (mount === undefined) return undefined
  const parent = join(mount, name)
  try {
    const available = (await readFile(join(mount, 'cgroup.controllers'), 'utf8')).trim().split(' ')
    if (!available.includes('memory') || !available.includes('pids')) return undefined
    await writeFile(join(mount, 'cgroup.subtree_control'), '+memory +pids')
    await mkdir(parent, { recursive: true })
    await writeFile(join(parent, 'cgroup.subtree_control'), '+memory +pids')
  } catch {
    // Not ours to divide (an ordinary user, or a container's own tree): the next means.
    return undefined
  }
  return cgroupLimits('cgroup2', [parent], async (directory, caps) => {
    await writeFile(join(directory, 'memory.max'), String(caps.memoryBytes))
    await writeFile(join(directory, 'memory.oom.group'), '1')
    await writeFile(join(directory, 'pids.max'), String(caps.tasks))
  })
}

async function cgroup1Limits(name: string): Promise<Limits | undefined> {
  const mounts = await cgroupMounts()
  const mountOf = (controller: string) =>
    mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))?.path
  const [memory, pids] = [mountOf('memory'), mountOf('pids')]
  if (memory === undefined || pids === undefined) return undefined
  const parents = [...new Set([join(memory, name), join(pids, name)])]
  try {
    for (const parent of parents) await mkdir(parent, { recursive: true })
  } catch {
    // An ordinary user: the next means.
    return undefined
  }
  return cgroupLimits('cgroup1', parents, async (directory, caps) => {
    const [file, value] = directory.startsWith(memory)
      ? ['memory.limit_in_bytes', caps.memoryBytes]
      : ['pids.max', caps.tasks]
    await writeFile(join(directory, file), String(value))
  })
}

function cgroupLimits(
  kind: 'cgroup1' | 'cgroup2',
  parents: string[],
  setCaps: (directory: string, caps: GuestCaps) => Promise<void>,
): Limits {
  return {
    kind,
    gaps: [],
    prepare: async (id, caps) => {
      const directories = parents.map((parent) => join(parent, id))
      for (const directory of directories) {
        await mkdir(directory, { recursive: true })
        await setCaps(directory, caps)
      }
      return { ...nothing, procsFiles: directories.map((directory) => join(directory, 'cgroup.procs')) }
    },
    release: async (id) => {
      for (const parent of parents) await removeGroup(join(parent, id))
    },
    removeAll: async () => {
      for (const parent of parents) await removeGroup(parent)
    },
  }
}

/** The kernel lets go of an ended process a moment after its end can be seen. */
async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rmdir(directory)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

function processLimits(): Limits {
  return {
    kind: 'prlimit',
    gaps: [
      'A guest’s memory is limited by its address space only: neither systemd nor control groups can be used here ' +
        '(they need root, or a systemd user session).',
    ],
    // The launcher sets the process' own limits in any case.
    prepare: () => Promise.resolve(nothing),
    release: () => Promise.resolve(),
    removeAll: () => Promise.resolve(),
  }
}

interface CgroupMount {
  path: string
  type: string
  options: string[]
}

/** From mountinfo (proc(5)): the fields after the dash are type, source and the superblock's options. */
async function cgroupMounts(): Promise<CgroupMount[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  return text.split('\n').flatMap((line) => {
    const [mount = '', source = ''] = line.split(' - ')
    const [type = '', , options = ''] = source.split(' ')
    const path = mount.split(' ')[4]
    return type.startsWith('cgroup') && path !== undefined ? [{ path, type, options: options.split(',') }] : []
  })
}
