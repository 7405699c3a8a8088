import { type ChildProcess, fork } from 'node:child_process'
import fs from 'node:fs'
import { StartError } from '../start-error'
import type { ChildMessage, ParentMessage, ProcessConfig, TlsPair } from './process-config'

export interface SupervisedOptions {
  name: string
  script: string
  /** Asked for at every start of the process. */
  config: ProcessConfig
  /** Runs as this user and group without supplementary groups; needs root. */
  uid?: number | undefined
  /** Undefined: what it says goes where this process' own words go, as containers want it. */
  logFile: string | undefined
  say(line: string): void
}

type Ready = Extract<ChildMessage, { type: 'ready' }>

export interface SupervisedProcess {
  /** Resolves with the first `ready`; rejects with a StartError when the process says that starting is hopeless. */
  ready: Promise<Ready>
  /**
   * Hands the process its last work and resolves when it has done it. Rejects with a StartError when it cannot, or ends
   * before; it is not started again from here on, since it would begin with its ordinary work.
   */
  finish(work: ParentMessage, onProgress: (line: string) => void): Promise<void>
  /** Hands the process a renewed certificate, also for its next starts. */
  takeTls(pair: TlsPair): void
  /** Resolves when the process is gone; killed when it does not go by itself in time (milliseconds). */
  stop(timeout: number): Promise<void>
}

const firstDelay = 200
const longestDelay = 10_000
const logLimit = 10 * 1024 * 1024

/** Runs one of Chiave's processes, begins it anew whenever it ends by itself, and hands it its configuration. */
export function superviseProcess(options: SupervisedOptions): SupervisedProcess {
  let { config } = options
  let child: ChildProcess | undefined
  let stopping = false
  let everReady = false
  let delay = firstDelay
  let settle: { resolve(ready: Ready): void; reject(error: Error): void }
  const ready = new Promise<Ready>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Several parts start side by side: one may fail while another is still waited for.
  ready.catch(() => undefined)
  let restart: NodeJS.Timeout | undefined

  const begin = () => {
    child = spawnChild({ ...options, config })
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') {
        everReady = true
        delay = firstDelay
        settle.resolve(message)
      } else if (message.type === 'failed' && !everReady) {
        stopping = true
        settle.reject(new StartError(message.sentence))
      } else if (message.type === 'failed') {
        options.say(`${options.name}: ${message.sentence}`)
      }
    })
    child.on('error', (error) => settle.reject(error))
    child.on('exit', (code, signal) => {
      if (stopping) return
      if (!everReady && delay > 2_000) {
        stopping = true
        settle.reject(new StartError(`The ${options.name} process does not start; see ${options.logFile ?? 'above'}.`))
        return
      }
      options.say(`The ${options.name} process ended (${signal ?? `code ${code}`}); starting it again.`)
      restart = setTimeout(begin, delay)
      delay = Math.min(delay * 2, longestDelay)
    })
  }
  begin()

  return {
    ready,
    finish: (work, onProgress) => {
      stopping = true
      clearTimeout(restart)
      return finishWork({ child, name: options.name, work, onProgress })
    },
    takeTls: (pair) => {
      config = withTls(config, pair)
      if (child?.connected) child.send({ type: 'tls', pair } satisfies ParentMessage)
    },
    stop: async (timeout) => {
      stopping = true
      clearTimeout(restart)
      if (child) await stopChild(child, timeout)
    },
  }
}

function withTls(config: ProcessConfig, pair: TlsPair): ProcessConfig {
  if (config.process === 'cluster' && config.https) return { ...config, https: { ...config.https, ...pair } }
  if (config.process === 'console' && config.tls) return { ...config, tls: pair }
  return config
}

function spawnChild({ script, config, uid, logFile, name }: SupervisedOptions): ChildProcess {
  const log = logFile === undefined ? 'inherit' : openLog(logFile)
  const child = fork(script, ['--process', name], {
    stdio: ['ignore', log, log, 'ipc'],
    // A process group of its own: Ctrl-C reaches the supervisor alone, which stops the parts in order.
    detached: true,
    env: childEnvironment(),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  if (log !== 'inherit') fs.closeSync(log)
  const message: ParentMessage = { type: 'start', config }
  child.send(message)
  return child
}

/** Children get what Node and the libraries need, and none of the person's secrets. */
function childEnvironment(): NodeJS.ProcessEnv {
  const kept = [
    'PATH',
    'CHIAVE_LOG_LEVEL',
    'LANG',
    'LC_ALL',
    'TZ',
    'HOME',
    'NODE_EXTRA_CA_CERTS',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'https_proxy',
    'http_proxy',
    'no_proxy',
  ]
  const env: NodeJS.ProcessEnv = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name]
  return env
}

function finishWork(options: {
  child: ChildProcess | undefined
  name: string
  work: ParentMessage
  onProgress(line: string): void
}): Promise<void> {
  const { child, name, work, onProgress } = options
  return new Promise((resolve, reject) => {
    if (!child?.connected) return reject(new StartError(`The ${name} process does not run.`))
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'progress') onProgress(message.line)
      else if (message.type === 'done') resolve()
      else if (message.type === 'refused') reject(new StartError(message.sentence))
    })
    child.once('exit', () => reject(new StartError(`The ${name} process ended too early.`)))
    child.send(work)
  })
}

async function stopChild(child: ChildProcess, timeout: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = setTimeout(() => child.kill('SIGKILL'), timeout)
  if (child.connected) child.send({ type: 'stop' } satisfies ParentMessage)
  else child.kill('SIGTERM')
  await gone
  clearTimeout(kill)
}

function openLog(logFile: string): number {
  rotate(logFile)
  return fs.openSync(logFile, 'a', 0o600)
}

function rotate(logFile: string): void {
  if (fs.existsSync(logFile) && fs.statSync(logFile).size > logLimit) fs.renameSync(logFile, `${logFile}.1`)
}
