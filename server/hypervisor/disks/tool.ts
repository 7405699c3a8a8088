import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { ImportFailure } from './import-failure'

export interface ToolLimits {
  /** Address space in bytes. */
  memoryBytes: number
  cpuSeconds: number
}

export type ToolProcess = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Starts a program that reads what strangers wrote: with limits on memory and CPU time, without a core dump, and ended
 * by the kernel when this process ends.
 */
export function spawnTool(command: readonly string[], limits: ToolLimits): ToolProcess {
  const confined = [
    ...['--pdeathsig', 'KILL', 'prlimit', `--as=${limits.memoryBytes}`, `--cpu=${limits.cpuSeconds}`, '--core=0', '--'],
    ...command,
  ]
  return spawn('setpriv', confined, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } })
}

export interface ToolEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** The last 4 KiB of its standard error. */
  stderr: string
}

/** Resolves when the program has ended, whatever its exit code. Call at once after the spawn. */
export function toolEnd(tool: ToolProcess): Promise<ToolEnd> {
  let stderr = ''
  tool.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096)
  })
  return new Promise((resolve, reject) => {
    tool.once('error', (error) =>
      reject(new ImportFailure(`A program needed for imports could not be started: ${error.message}`, 'later')),
    )
    tool.once('close', (code, signal) => resolve({ code, signal, stderr: stderr.trim() }))
  })
}

/**
 * Runs a program to its end and gives its output, at most 1 MiB of it.
 * @param timeout milliseconds
 */
export async function runTool(
  command: readonly string[],
  limits: ToolLimits,
  timeout: number,
): Promise<ToolEnd & { stdout: string; timedOut: boolean }> {
  const tool = spawnTool(command, limits)
  tool.stdin.end()
  let stdout = ''
  tool.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < 1024 * 1024) stdout += text
  })
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    tool.kill('SIGKILL')
  }, timeout)
  try {
    return { ...(await toolEnd(tool)), stdout, timedOut }
  } finally {
    clearTimeout(timer)
  }
}
