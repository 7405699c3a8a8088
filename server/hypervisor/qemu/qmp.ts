import type { Socket } from 'node:net'
import { z } from 'zod'
import { HypervisorError } from '@/server/operator/engine/hypervisor-port'

export interface QmpEvent {
  event: string
  data: Record<string, unknown>
}

/** What QEMU may send in one line; the guest's QEMU is not trusted with the agent's memory. */
const maxLineLength = 4 * 2 ** 20

const messageSchema = z.union([
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ QMP: z.object({}).loose() }),
])

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * One conversation with QEMU's monitor (QEMU Machine Protocol, docs/interop/qmp-spec). Any breach of the protocol ends
 * it. Takes over the socket.
 */
export class Qmp {
  readonly closed: Promise<void>
  #buffer = ''
  #nextId = 1
  readonly #waiting = new Map<number, Waiting>()
  #greeted: (() => void) | undefined

  private constructor(
    private readonly socket: Socket,
    private readonly onEvent: (event: QmpEvent) => void,
  ) {
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#receive(chunk))
    this.closed = new Promise((resolve) => {
      const onClose = () => {
        for (const { reject } of this.#waiting.values()) reject(disconnected())
        this.#waiting.clear()
        resolve()
      }
      if (socket.destroyed) onClose()
      else socket.once('close', onClose)
    })
    // The close that follows tells all who wait.
    socket.on('error', () => socket.destroy())
  }

  /** Greets and negotiates. @param timeout milliseconds. Throws HypervisorError Unavailable. */
  static async open(socket: Socket, onEvent: (event: QmpEvent) => void, timeout = 10_000): Promise<Qmp> {
    const qmp = new Qmp(socket, onEvent)
    try {
      await qmp.#greeting(timeout)
      await qmp.execute('qmp_capabilities', undefined, timeout)
      return qmp
    } catch (error) {
      qmp.close()
      throw error
    }
  }

  /**
   * Runs a command and gives its `return`. Throws HypervisorError Failed with QEMU's words, or Unavailable when QEMU is
   * gone or silent for `timeout` milliseconds.
   */
  async execute(command: string, args?: Record<string, unknown>, timeout = 10_000): Promise<unknown> {
    if (this.socket.destroyed) throw disconnected()
    const id = this.#nextId++
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject })
        timer = setTimeout(() => {
          reject(new HypervisorError('Unavailable', `QEMU did not answer ${command} within ${timeout / 1000} s.`))
        }, timeout)
        this.socket.write(`${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id })}\n`)
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  close(): void {
    this.socket.destroy()
  }

  async #greeting(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const greeted = new Promise<void>((resolve, reject) => {
      this.#greeted = resolve
      timer = setTimeout(() => reject(new HypervisorError('Unavailable', 'QEMU’s monitor is silent.')), timeout)
      this.closed.then(() => reject(disconnected()), reject)
    })
    await greeted.finally(() => clearTimeout(timer))
  }

  #receive(chunk: string): void {
    this.#buffer += chunk
    let end = this.#buffer.indexOf('\n')
    while (end >= 0) {
      const line = this.#buffer.slice(0, end)
      this.#buffer = this.#buffer.slice(end + 1)
      if (!this.#handle(line)) return this.close()
      end = this.#buffer.indexOf('\n')
    }
    if (this.#buffer.length > maxLineLength) this.close()
  }

  /** False when the line is not of the protocol. */
  #handle(line: string): boolean {
    const parsed = messageSchema.safeParse(parseJson(line))
    if (!parsed.success) return false
    const message = parsed.data
    if ('QMP' in message) this.#greeted?.()
    else if ('event' in message) this.onEvent({ event: message.event, data: message.data ?? {} })
    else if ('error' in message) {
      if (message.id === undefined) return false
      this.#waiting.get(message.id)?.reject(new HypervisorError('Failed', message.error.desc))
    } else this.#waiting.get(message.id)?.resolve(message.return)
    return true
  }
}

function disconnected(): HypervisorError {
  return new HypervisorError('Unavailable', 'The connection to QEMU is closed.')
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Not the protocol: the schema says so to the caller.
    return undefined
  }
}
