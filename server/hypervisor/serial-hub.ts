import type { Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'

/** What a viewer may be behind before it is dropped: the guest's console must not wait for a browser. */
const maxBehindBytes = 2 ** 20

interface Shared {
  source: Socket
  viewers: Set<Duplex>
}

/**
 * Shares a machine's one serial connection among its viewers: all see what it prints, each may type. Connected while
 * there are viewers.
 */
export class SerialHub {
  #shared: Promise<Shared> | undefined

  constructor(private readonly connect: () => Promise<Socket>) {}

  /** A stream of its own for one more viewer. Rejects when the machine's console can not be reached. */
  async open(): Promise<Duplex> {
    const shared = await (this.#shared ?? this.#start())
    const { source, viewers } = shared
    const [viewer, mine] = duplexPair()
    viewers.add(mine)
    mine.on('data', (typed: Buffer) => {
      if (source.destroyed || source.write(typed)) return
      mine.pause()
      source.once('drain', () => mine.resume())
    })
    const leave = () => {
      mine.destroy()
      viewer.destroy()
      if (!viewers.delete(mine) || viewers.size > 0) return
      this.#shared = undefined
      source.destroy()
    }
    mine.once('end', leave).once('close', leave).once('error', leave)
    viewer.once('close', leave).once('error', leave)
    if (source.destroyed) mine.end()
    return viewer
  }

  /** Ends every viewer's stream. */
  async close(): Promise<void> {
    const shared = await this.#shared?.catch(() => undefined)
    shared?.source.destroy()
  }

  #start(): Promise<Shared> {
    const shared = this.connect().then((source) => {
      if (source.destroyed) throw new Error('the console hung up')
      const viewers = new Set<Duplex>()
      source.on('data', (printed: Buffer) => show(printed, viewers))
      source.once('error', () => source.destroy())
      source.once('close', () => {
        if (this.#shared === shared) this.#shared = undefined
        for (const viewer of viewers) viewer.end()
      })
      return { source, viewers }
    })
    this.#shared = shared
    shared.catch(() => {
      // The caller is told by the same promise; the next one tries anew.
      if (this.#shared === shared) this.#shared = undefined
    })
    return shared
  }
}

function show(printed: Buffer, viewers: Set<Duplex>): void {
  for (const viewer of viewers) {
    if (viewer.writableLength > maxBehindBytes) viewer.destroy(new Error('the viewer is too slow'))
    else viewer.write(printed)
  }
}
