import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { z } from 'zod'

/** A process for certain: a pid is used again, a pid with its start time and the host's boot is not. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks after boot (proc(5), stat field 22). */
  startTicks: string
  bootId: string
}

export const processIdentitySchema: z.ZodType<ProcessIdentity> = z.object({
  pid: z.int().min(2),
  startTicks: z.string(),
  bootId: z.string(),
})

/** Clock ticks per second as the kernel reports them to programs, on every architecture of ours. */
const ticksPerSecond = 100

/** Changes with every boot of the host. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

interface ProcessStat {
  state: string
  cpuTicks: number
  startTicks: string
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // The process is gone, which is what the caller asks.
    return undefined
  }
}

function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat')
  if (text === undefined) return undefined
  // The name in parentheses may itself contain blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', cpuTicks: Number(fields[11]) + Number(fields[12]), startTicks: fields[19] ?? '' }
}

/** The identity of a process that runs now; undefined when there is none of that pid. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid)
  return stat && { pid, startTicks: stat.startTicks, bootId: readBootId() }
}

/** Whether this very process still runs; a zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== readBootId()) return false
  const stat = readStat(identity.pid)
  return stat !== undefined && stat.startTicks === identity.startTicks && !['Z', 'X'].includes(stat.state)
}

/** Signals this very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  try {
    process.kill(identity.pid, signal)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** What the process used so far: seconds of CPU time, bytes of memory in RAM; zeros when it is gone. */
export function processUsage(identity: ProcessIdentity): { cpuSeconds: number; residentBytes: number } {
  const stat = isAlive(identity) ? readStat(identity.pid) : undefined
  if (!stat) return { cpuSeconds: 0, residentBytes: 0 }
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(identity.pid, 'status') ?? '')
  return { cpuSeconds: stat.cpuTicks / ticksPerSecond, residentBytes: Number(resident?.[1] ?? 0) * 1024 }
}

/**
 * Every process that works in a directory and has `argument` among its arguments, of the user `uid`: how a QEMU is
 * found again whose identity was not written down before the agent was killed.
 */
export function findProcesses(directory: string, argument: string, uid: number): ProcessIdentity[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids.flatMap((pid) => {
    const found = workingDirectory(pid) === directory
    if (!found || ownerOf(pid) !== uid || !readProc(pid, 'cmdline')?.split('\0').includes(argument)) return []
    const identity = identifyProcess(pid)
    return identity && isAlive(identity) ? [identity] : []
  })
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    // Gone, or another user's: not ours either way.
    return undefined
  }
}

function ownerOf(pid: number): number | undefined {
  const real = /^Uid:\s+(\d+)/m.exec(readProc(pid, 'status') ?? '')
  return real ? Number(real[1]) : undefined
}
