/**
 * What a person is told about a console's connection. `waiting`: it will be tried again by itself. `closed`: it will
 * not, unless asked. `code` and `words` are those of the closed socket; both absent when there never was one.
 */
export type ConsoleState =
  | { phase: 'connecting' }
  | { phase: 'open' }
  | { phase: 'waiting'; retryAt: number; code: number; words: string }
  | { phase: 'closed'; code: number; words: string }

/** Given a fresh socket; calls `opened` once a person can use it. The returned function lets go of it. */
export type AttachConsole = (socket: WebSocket, opened: () => void) => () => void

export interface ConsoleConnectionOptions {
  /** Asked at every attempt. */
  url: () => string
  protocols: string[]
  attach: AttachConsole
  onState: (state: ConsoleState) => void
  /** Milliseconds before the nth attempt in a row, n from 1. */
  delay?: (attempt: number) => number
}

/** Half a second, doubling up to fifteen, a little scattered so that many tabs do not knock at once. */
function defaultDelay(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** (attempt - 1)) * (0.8 + Math.random() * 0.4)
}

/** An orderly end so soon after opening means that somebody else takes the console: do not fight over it. */
const tooSoonMs = 20_000

/** A connection that holds this long was a success: the next pause is short again. */
const heldMs = 5000

/**
 * One console that stays connected: tries again with growing pauses after every break that is not final. The relay
 * closes with 4000 + HTTP status and a sentence when the cluster refuses.
 */
export class ConsoleConnection {
  #socket: WebSocket | undefined
  #detach: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  #openedAt: number | undefined
  #orderlyEnds = 0

  constructor(private readonly options: ConsoleConnectionOptions) {}

  /** Connects at once, whatever was going on before. */
  connect(): void {
    this.close()
    this.#openedAt = undefined
    this.options.onState({ phase: 'connecting' })
    const socket = new WebSocket(this.options.url(), this.options.protocols)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#detach = this.options.attach(socket, () => {
      if (socket !== this.#socket) return
      this.#openedAt = Date.now()
      this.options.onState({ phase: 'open' })
    })
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) this.#closed(event)
    })
  }

  /** A person asked for another attempt: earlier ones do not count. */
  reconnect(): void {
    this.#attempts = 0
    this.#orderlyEnds = 0
    this.connect()
  }

  /** Lets go of everything; no state is reported any more. */
  close(): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    this.#detach?.()
    this.#detach = undefined
    if (socket && socket.readyState < WebSocket.CLOSING) socket.close(1000)
  }

  #closed({ code, reason: words }: CloseEvent): void {
    this.#socket = undefined
    this.#detach?.()
    this.#detach = undefined
    if (this.#isFinal(code)) {
      this.options.onState({ phase: 'closed', code, words })
      return
    }
    const held = this.#openedAt !== undefined && Date.now() - this.#openedAt >= heldMs
    this.#attempts = held ? 1 : this.#attempts + 1
    const delay = (this.options.delay ?? defaultDelay)(this.#attempts)
    this.#timer = setTimeout(() => this.connect(), delay)
    this.options.onState({ phase: 'waiting', retryAt: Date.now() + delay, code, words })
  }

  #isFinal(code: number): boolean {
    // Trying again does not give anybody a permission, or this server a page that it has not.
    if (code === 4401 || code === 4403 || code === 4400) return true
    if (code !== 1000 || this.#openedAt === undefined) return false
    this.#orderlyEnds = Date.now() - this.#openedAt < tooSoonMs ? this.#orderlyEnds + 1 : 1
    return this.#orderlyEnds > 1
  }
}
