import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { LiveMessage, LiveRequest } from '@/contract/live'

/** A real `/live` of a few lines: remembers what it was asked and says what a test wants. */
export class LiveServer {
  readonly asked: LiveRequest[] = []
  sockets: WebSocket[] = []
  #server: Server | undefined
  #port = 0
  #waiting: (() => void)[] = []

  get address(): string {
    return `ws://127.0.0.1:${this.#port}/live`
  }

  /** Listens, on the same port as before when it has run before. */
  async start(): Promise<void> {
    const server = createServer()
    this.#server = server
    new WebSocketServer({ server, path: '/live' }).on('connection', (socket) => {
      this.sockets.push(socket)
      // The protocol's client frames are JSON text.
      socket.on('message', (data: Buffer) => this.#hear(JSON.parse(data.toString()) as LiveRequest))
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate()
    this.sockets = []
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  say(...messages: LiveMessage[]): void {
    for (const message of messages) for (const socket of this.sockets) socket.send(JSON.stringify(message))
  }

  /** Resolves when it has been asked so many things in all. */
  async heard(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #hear(request: LiveRequest): void {
    this.asked.push(request)
    for (const go of this.#waiting.splice(0)) go()
  }
}
