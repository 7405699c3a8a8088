import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Hypervisor, HypervisorError, type HypervisorEvent } from '@/server/operator/engine/hypervisor-port'
import { datagramStream } from './datagrams'
import {
  fromWireError,
  maxAnswerLine,
  type Opening,
  parseLine,
  readFirstLine,
  readLines,
  type ServerLine,
  serverLineSchema,
  streamAnswerSchema,
  toLine,
} from './rpc-protocol'
import { connectUnix } from './unix-socket'

export interface RemoteHypervisorOptions {
  socketPath: string
  log: Logger
  /** Ends the connection and all calls. */
  signal: AbortSignal
}

/** Milliseconds; a call whose answer does not come counts as Unavailable. */
const callTimeout = 30_000
const slowCallTimeout = 120_000
const slowCalls: ReadonlySet<string> = new Set(['startMachine', 'removeMachine', 'kill', 'deleteDisk', 'resizeDisk'])
const firstRetry = 100
const lastRetry = 1_000

/**
 * The hypervisor of an agent, over its socket. Connects by itself, again and again; while there is no connection calls
 * fail with HypervisorError Unavailable. With every connection made, subscribers get `{ type: 'reconnected' }`.
 */
export function connectHypervisor(options: RemoteHypervisorOptions): Hypervisor {
  const link = new Link(options)
  const streams = new Set<Socket>()
  options.signal.addEventListener('abort', () => {
    for (const stream of streams) stream.destroy()
  })
  const call =
    (method: string) =>
    (...args: unknown[]): Promise<unknown> =>
      link.call(method, args)
  // The agent is this same program: its answers have the port's types.
  const remote = {
    host: call('host'),
    machines: call('machines'),
    machine: call('machine'),
    startMachine: call('startMachine'),
    powerdown: call('powerdown'),
    kill: call('kill'),
    pause: call('pause'),
    resume: call('resume'),
    reset: call('reset'),
    softReboot: call('softReboot'),
    removeMachine: call('removeMachine'),
    serialLog: call('serialLog'),
    screenshot: call('screenshot'),
    disks: call('disks'),
    disk: call('disk'),
    createDisk: call('createDisk'),
    resizeDisk: call('resizeDisk'),
    deleteDisk: call('deleteDisk'),
  } as Omit<Hypervisor, 'openStream' | 'openPort' | 'subscribe'>
  return {
    ...remote,
    openStream: (id, stream) => openStream(options, streams, { open: 'stream', id, stream }),
    openPort: async ({ id, port, protocol }) => {
      const bytes = await openStream(options, streams, { open: 'port', id, port, protocol })
      return protocol === 'udp' ? datagramStream(bytes) : bytes
    },
    subscribe: (onEvent, signal) => link.subscribe(onEvent, signal),
  }
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The one connection for calls and events. */
class Link {
  #socket: Socket | undefined
  /** The attempt to connect that is under way; calls wait for its outcome rather than fail. */
  #attempt: Promise<void> | undefined
  #nextId = 1
  readonly #waiting = new Map<number, Waiting>()
  readonly #subscribers = new Set<(event: HypervisorEvent) => void>()

  constructor(private readonly options: RemoteHypervisorOptions) {
    options.signal.addEventListener('abort', () => this.#socket?.destroy(), { once: true })
    void this.#stayConnected()
  }

  async call(method: string, args: unknown[]): Promise<unknown> {
    await this.#attempt
    const socket = this.#socket
    if (!socket || this.options.signal.aborted) throw unavailable()
    const id = this.#nextId++
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const timeout = slowCalls.has(method) ? slowCallTimeout : callTimeout
        timer = setTimeout(() => reject(unavailable()), timeout)
        this.#waiting.set(id, { resolve, reject })
        socket.write(toLine({ id, method, args }))
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  subscribe(onEvent: (event: HypervisorEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#subscribers.add(onEvent)
    signal.addEventListener('abort', () => this.#subscribers.delete(onEvent), { once: true })
  }

  async #stayConnected(): Promise<void> {
    const { signal, log, socketPath } = this.options
    let pause = firstRetry
    while (!signal.aborted) {
      const opened = this.#open()
      this.#attempt = opened.then(() => undefined)
      const socket = await opened
      this.#attempt = undefined
      if (socket) {
        pause = firstRetry
        this.#tell({ type: 'reconnected', id: '' })
        await new Promise<void>((resolve) => socket.once('close', () => resolve()))
        if (!signal.aborted) log.info({ socketPath }, 'connection to the node agent lost')
      } else pause = Math.min(pause * 2, lastRetry)
      await sleep(pause, undefined, { ref: false })
    }
  }

  /** Undefined when nobody answers there. */
  async #open(): Promise<Socket | undefined> {
    const { socketPath, signal, log } = this.options
    try {
      const socket = await connectUnix(socketPath)
      if (signal.aborted) socket.destroy()
      if (socket.destroyed) return undefined
      socket.on('error', (error) => log.debug({ err: error }, 'connection to the node agent broke'))
      socket.once('close', () => this.#closed())
      socket.write(toLine({ open: 'calls' }))
      readLines(socket, maxAnswerLine, (line) => this.#receive(parseLine(serverLineSchema, line)))
      this.#socket = socket
      return socket
    } catch (error) {
      log.debug({ err: error, socketPath }, 'the node agent does not answer')
      return undefined
    }
  }

  #closed(): void {
    this.#socket = undefined
    for (const { reject } of this.#waiting.values()) reject(unavailable())
    this.#waiting.clear()
  }

  /** False when the line is not of the protocol. */
  #receive(line: ServerLine | undefined): boolean {
    if (!line) return false
    if ('event' in line) this.#tell(line.event)
    else if ('error' in line) this.#waiting.get(line.id)?.reject(fromWireError(line.error))
    else this.#waiting.get(line.id)?.resolve(line.result)
    return true
  }

  #tell(event: HypervisorEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event)
  }
}

async function openStream(
  { socketPath, signal }: RemoteHypervisorOptions,
  streams: Set<Socket>,
  opening: Opening,
): Promise<Duplex> {
  const socket = await connectUnix(socketPath).catch(() => {
    throw unavailable()
  })
  if (signal.aborted) socket.destroy()
  streams.add(socket)
  socket.once('close', () => streams.delete(socket))
  // Its close tells the reader; a reader who wants to know why listens too.
  socket.on('error', () => socket.destroy())
  socket.write(toLine(opening))
  const line = await readFirstLine(socket, maxAnswerLine, callTimeout)
  const answer = line === undefined ? undefined : parseLine(streamAnswerSchema, line)
  if (answer && 'ok' in answer) return socket
  socket.destroy()
  throw answer ? fromWireError(answer.error) : unavailable()
}

function unavailable(): HypervisorError {
  return new HypervisorError('Unavailable', 'The node agent does not answer at the moment.')
}
