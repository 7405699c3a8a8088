import { type Logger, pino } from 'pino'
import { explainStart } from '../start-error'
import type { AgentAddress, ChildMessage, ParentMessage, ProcessConfig, TlsPair } from '../supervisor/process-config'

export interface Running {
  url?: string
  loginUrl?: string
  close(): Promise<void>
  /** Takes a renewed certificate into use for new connections. */
  takeTls?(pair: TlsPair): void
  /** The cluster's alone: its last work. Shuts the guests of these nodes down; `tell` gets a line for every step. */
  shutDownMachines?(agents: readonly AgentAddress[], tell: (line: string) => void): Promise<void>
}

export interface ChildContext {
  log: Logger
  signal: AbortSignal
}

/**
 * The frame of every child process: waits for its configuration, starts, tells the supervisor, and stops on its word or
 * when the supervisor is gone.
 */
export function runChild(
  name: string,
  start: (config: ProcessConfig, context: ChildContext) => Promise<Running>,
): void {
  const log = pino({ name, base: { name }, level: process.env['CHIAVE_LOG_LEVEL'] ?? 'info' })
  const stopping = new AbortController()
  let running: Running | undefined

  const stop = async (why: string): Promise<void> => {
    if (stopping.signal.aborted) return
    log.info({ why }, 'stopping')
    stopping.abort()
    // A hung connection must not keep the process: the supervisor's word is final.
    setTimeout(() => process.exit(0), 4_000).unref()
    await running?.close()
    process.exit(0)
  }
  const tell = (message: ChildMessage) => process.connected && process.send?.(message)

  let starting: Promise<unknown> = Promise.resolve()
  const begin = (config: ProcessConfig) =>
    start(config, { log, signal: stopping.signal }).then(
      (started) => {
        running = started
        tell({
          type: 'ready',
          ...(started.url ? { url: started.url } : {}),
          ...(started.loginUrl ? { loginUrl: started.loginUrl } : {}),
        })
      },
      (error: unknown) => {
        const explained = explainStart(error)
        log.fatal({ err: error }, 'cannot start')
        tell({ type: 'failed', sentence: explained.message })
        setTimeout(() => process.exit(1), 50)
      },
    )
  const shutDownMachines = async (agents: readonly AgentAddress[]) => {
    try {
      await starting
      if (!running?.shutDownMachines) throw new Error(`The ${name} process runs no machines.`)
      await running.shutDownMachines(agents, (line) => tell({ type: 'progress', line }))
      tell({ type: 'done' })
    } catch (error) {
      log.error({ err: error }, 'cannot shut the machines down')
      tell({ type: 'refused', sentence: explainStart(error).message })
    }
  }

  process.on('message', (message: ParentMessage) => {
    if (message.type === 'stop') void stop('asked to')
    else if (message.type === 'shut-down-machines') void shutDownMachines(message.agents)
    else if (message.type === 'tls') void starting.then(() => running?.takeTls?.(message.pair))
    else starting = begin(message.config)
  })
  // Every write is durable when acknowledged, so the quickest end is safe, and it frees the ports for the next start.
  process.on('disconnect', () => process.exit(0))
  process.on('SIGTERM', () => void stop('SIGTERM'))
  // Ctrl-C goes to the whole terminal; the supervisor decides.
  process.on('SIGINT', () => undefined)
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled rejection'))
}
