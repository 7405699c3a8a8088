import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { WorkerIdentity } from './disk-record'
import {
  type ImportJob,
  type ProgressReport,
  transferLimit,
  type WorkerMessage,
  workerMessageSchema,
} from './import-protocol'

export interface WorkerRun {
  job: ImportJob
  command: readonly string[]
  /** Which the worker changes to; left out: it keeps the agent's. */
  uid?: number | undefined
  signal: AbortSignal
  onStart(identity: WorkerIdentity | undefined): Promise<void>
  onProgress(progress: ProgressReport): void
}

/** `lost`: the worker ended without a word. */
export type WorkerOutcome =
  | { type: 'done' }
  | { type: 'lost'; detail: string }
  | Extract<WorkerMessage, { type: 'failed' }>

/** Bytes of memory the worker itself may write to: Node's heap, buffers and threads. qemu-img has limits of its own. */
const WORKER_DATA_BYTES = 1024 ** 3

/** Ends a worker and all that it started: it leads a process group of its own. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: all of them have ended.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Resolves when the worker has ended, by itself or by the signal, and nothing of it is left. Never rejects for what it does. */
export async function runWorker(run: WorkerRun): Promise<WorkerOutcome> {
  const limits = [
    `--data=${WORKER_DATA_BYTES}`,
    // A clone may be as large as the disk; the limit holds for each file.
    `--fsize=${transferLimit(run.job.sizeBytes)}`,
    '--core=0',
    '--nofile=512',
  ]
  const uid = run.uid === undefined ? [] : ['--uid', String(run.uid)]
  const child = spawn('prlimit', [...limits, '--', ...run.command, ...uid], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let outcome: WorkerOutcome | undefined
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000)
  })
  // A worker that is gone does not read its job; its end is told by `close`.
  child.stdin.on('error', () => undefined)
  const onAbort = () => child.pid !== undefined && killGroup(child.pid)
  const ended = new Promise<WorkerOutcome>((resolve) => {
    child.once('error', (error) => resolve({ type: 'lost', detail: error.message }))
    child.once('close', (code, signal) => {
      if (child.pid !== undefined) killGroup(child.pid)
      const detail = /^.*(error|fatal).*$/im.exec(stderr)?.[0] ?? `it ended with ${signal ?? `code ${code}`}`
      resolve(outcome ?? { type: 'lost', detail })
    })
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = readMessage(line)
    if (message?.type === 'progress') run.onProgress(message)
    else outcome ??= message
  })
  run.signal.addEventListener('abort', onAbort)
  try {
    // Known before it may touch a file, so that the next agent can end it.
    await run.onStart(child.pid === undefined ? undefined : await identify(child.pid))
    if (run.signal.aborted) onAbort()
    else child.stdin.write(`${JSON.stringify(run.job)}\n`)
    return await ended
  } finally {
    run.signal.removeEventListener('abort', onAbort)
    onAbort()
  }
}

function readMessage(line: string): WorkerMessage | undefined {
  try {
    return workerMessageSchema.safeParse(JSON.parse(line.slice(0, 8192))).data
  } catch {
    // Not a message of ours; a worker that never says a good one is `lost`.
    return undefined
  }
}

async function identify(pid: number): Promise<WorkerIdentity | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ])
    // The name, in parentheses, may hold spaces; the start time is the 20th field after it (proc(5)).
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return startTicks === undefined ? undefined : { pid, startTicks, bootId: bootId.trim() }
  } catch {
    // It has ended already.
    return undefined
  }
}

/** Ends the worker of an agent that is gone, should it still be there, and waits for its end. */
export async function endStaleWorker(worker: WorkerIdentity): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const present = await identify(worker.pid)
    if (present?.startTicks !== worker.startTicks || present.bootId !== worker.bootId) return
    killGroup(worker.pid)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
